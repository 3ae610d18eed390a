"""Whether a user may fetch an artifact: only while a row that may be shown names it."""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Text, cast, inspect, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from backend.access.caller import Caller
from backend.access.matrix import Permission
from backend.access.objects import place_of
from backend.artifacts.kinds import Kind, Subject
from backend.artifacts.owners import OWNERS, Owner
from backend.contracts.datasets import SitePolicy
from backend.db.models import CaseHistory, Dataset, Experiment, Run, RunRound, Site, TestedCase
from backend.errors import Gone, NotFound

#: An owner's place in the list, and the primary key of its row.
_Hint = tuple[int, tuple[Any, ...]]


class _Hints:
    """Where an artifact was named when it was last asked for. Only a place to look first: the row is read again."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._hints: OrderedDict[str, _Hint] = OrderedDict()

    def get(self, sha256: str) -> _Hint | None:
        with self._lock:
            return self._hints.get(sha256)

    def put(self, sha256: str, hint: _Hint) -> None:
        with self._lock:
            self._hints[sha256] = hint
            self._hints.move_to_end(sha256)
            if len(self._hints) > self._most:
                self._hints.popitem(last=False)


_hints = _Hints(100_000)

#: What the caller must hold, by whose the artifact is and what it is.
NEEDED: dict[tuple[Subject, Kind], Permission] = {
    ("dataset", "thumbnails"): Permission.READ_DATA,
    ("run", "images"): Permission.READ_CASES,
    ("run", "masks"): Permission.READ_CASES,
    ("run", "states"): Permission.MOVE_MODELS,
    ("run", "updates"): Permission.MOVE_MODELS,
    ("prediction", "uploads"): Permission.RUN_EXPERIMENTS,
    ("prediction", "images"): Permission.RUN_EXPERIMENTS,
    ("prediction", "masks"): Permission.RUN_EXPERIMENTS,
}


def remember(column: InstrumentedAttribute[Any], key: tuple[Any, ...], hashes: Iterable[str | None]) -> None:
    """For code that lists what a row names: the files are asked for next, and need not be looked for in every row."""
    index = next(index for index, owner in enumerate(OWNERS) if owner.column is column)
    for sha256 in hashes:
        if sha256 is not None:
            _hints.put(sha256, (index, key))


def require_shown(session: Session, sha256: str, caller: Caller) -> None:
    """That a row which the caller may see names it. Raises Gone for the state of a round that was let go, NotFound for
    whatever else the caller may not see."""
    if (hint := _hints.get(sha256)) is not None and _shows(session, *hint, sha256, caller):
        return
    for index, owner in enumerate(OWNERS):
        if not owner.shown:
            continue
        keys = inspect(owner.model).primary_key
        for row in session.execute(owner.naming(sha256, *keys)):
            if _shows(session, index, tuple(row[1:]), sha256, caller):
                _hints.put(sha256, (index, tuple(row[1:])))
                return
    _raise_if_let_go(session, sha256, caller)
    raise NotFound(
        f"there is no artifact {sha256} that may be shown: what it belonged to was deleted, or the policy of its site "
        "does not let it be seen, or you have no role that lets you see it"
    )


def _shows(session: Session, index: int, key: tuple[Any, ...], sha256: str, caller: Caller) -> bool:
    """Whether the row is there, is kept, still names the artifact, and may be shown to the caller."""
    owner = OWNERS[index]
    columns = inspect(owner.model).primary_key
    query = owner.rows(owner.subject_id).where(*(c == value for c, value in zip(columns, key, strict=True)))
    row = session.execute(query).one_or_none()
    if row is None or sha256 not in set(owner.hashes_in(row[0])):
        return False
    if not _may_see(session, owner, row[1], caller):
        return False
    return owner.policy is None or getattr(_policy_of_row(session, owner, key, row[1]), owner.policy)


def _may_see(session: Session, owner: Owner, subject_id: str, caller: Caller) -> bool:
    """In the federation, and at the site, of what the row belongs to."""
    permission = NEEDED[owner.subject, owner.kind]
    if caller.is_administrator:
        return caller.may(permission)
    try:
        place = place_of(session, owner.subject, subject_id)
    except NotFound:
        return False
    return caller.may(permission, place.federation_id, place.site_id)


def _policy_of_row(session: Session, owner: Owner, key: tuple[Any, ...], subject_id: str) -> SitePolicy:
    """Of the site whose case the row shows; a site that is gone has the contract's."""
    if owner.subject == "dataset":
        site = session.scalar(select(Site).join(Dataset, Dataset.site_id == Site.id).where(Dataset.id == subject_id))
    else:
        slug = _slug_of_row(session, owner, key)
        federation = select(Experiment.federation_id).join(Run, Run.experiment_id == Experiment.id)
        federation_id = session.scalar(federation.where(Run.id == subject_id))
        site = session.scalar(select(Site).where(Site.federation_id == federation_id, Site.slug == slug))
    return (site.policy if site is not None else None) or SitePolicy()


def _slug_of_row(session: Session, owner: Owner, key: tuple[Any, ...]) -> str | None:
    if owner.model is CaseHistory:
        run_id, _, case_id = key
        query = select(TestedCase.site_slug).where(TestedCase.run_id == run_id, TestedCase.case_id == case_id)
        return session.scalar(query.limit(1))
    row = session.get_one(owner.model, key)
    return str(row.site_slug)  # type: ignore[attr-defined]  # only evaluated_case comes here


def _raise_if_let_go(session: Session, sha256: str, caller: Caller) -> None:
    let_go = select(RunRound).where(RunRound.removed_at.is_not(None), cast(RunRound.parts, Text).contains(sha256))
    for row in session.scalars(let_go):
        place = place_of(session, "run", row.run_id)
        if caller.may(Permission.MOVE_MODELS, place.federation_id):
            raise Gone(removed_state_in_words(row))


def removed_state_in_words(row: RunRound) -> str:
    assert row.removed_at is not None
    return (
        f"the state after round {row.round} was removed on {row.removed_at:%Y-%m-%d}: the experiment keeps the best "
        "round, the last, and those whose masks are shown (retention: needed; with retention: all every round is kept)"
    )
