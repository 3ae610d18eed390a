"""Pages of a list: the same two parameters, and the same header, for every list that can grow.

`limit` and `after` (the id of the last entry that one has). Where more follows, the answer's `Link` header names the
address of the next page (RFC 8288), so a client needs to know neither parameter.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from fastapi import Depends, Query, Request, Response
from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute, Session

from backend.contracts.values import Id
from backend.errors import InvalidInput

MAX_PAGE = 1000

Entry = TypeVar("Entry")
LimitQuery = Annotated[
    int | None, Query(ge=1, le=MAX_PAGE, description="At most this many; left out: all. `Link` names the next page.")
]
AfterQuery = Annotated[Id | None, Query(description="Only what follows the entry with this id, in the list's order.")]


class Page:
    """What was asked for, and where the answer says that there is more."""

    def __init__(self, request: Request, response: Response, limit: int | None, after: str | None) -> None:
        self._url, self._headers = request.url, response.headers
        self._limit, self._after = limit, after

    def rows(self, session: Session, query: Select[Entry], key: InstrumentedAttribute[str]) -> Sequence[Entry]:
        """The page's rows, in the order of the query. Of the other rows only the ids are read.

        Raises InvalidInput where `after` is none of the list's.
        """
        if self._limit is None and self._after is None:
            return session.scalars(query).all()
        wanted = self.of(session.scalars(query.with_only_columns(key)).all(), str)
        return session.scalars(query.where(key.in_(wanted))).all()

    def of(self, entries: Sequence[Entry], key: Callable[[Entry], str]) -> Sequence[Entry]:
        """The page of a list that is whole already. Raises InvalidInput where `after` is none of the list's."""
        start = 0
        if self._after is not None:
            keys = [key(entry) for entry in entries]
            if self._after not in keys:
                remedy = "take the id of an entry of this list; one that was deleted meanwhile starts the list anew"
                raise InvalidInput.of_field("after", self._after, "is no entry of this list", remedy)
            start = keys.index(self._after) + 1
        end = len(entries) if self._limit is None else start + self._limit
        if start < end < len(entries):
            following = self._url.include_query_params(after=key(entries[end - 1]))
            self._headers["Link"] = f'<{following.path}?{following.query}>; rel="next"'
        return entries[start:end]


async def page_of(request: Request, response: Response, limit: LimitQuery = None, after: AfterQuery = None) -> Page:
    return Page(request, response, limit, after)


PageDep = Annotated[Page, Depends(page_of)]
