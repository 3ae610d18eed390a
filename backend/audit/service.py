"""The hub's own record as JSON lines."""

import json
from collections.abc import Iterator

from backend.audit.verification import pages
from backend.db import audit_chain
from backend.db.session import Database, read_only


def lines(database: Database) -> Iterator[str]:
    """One record a line, in order, each with its hash: SHA-256 of the line's other fields as canonical JSON."""
    with read_only(database) as session:
        end = audit_chain.head(session)
    for page in pages(database, end.number):
        for record, event in page:
            content = {"number": record.number, "missing": True, "previous": record.previous}
            if event is not None:
                content = audit_chain.content_of(event, record.number, record.previous)
            yield json.dumps(content | {"hash": record.hash}) + "\n"
