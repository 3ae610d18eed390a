"""Who may call what. Every route names the permission that it needs, by the annotation of one of its parameters:

    def get_run(run_id: Id, session: ReadSession, _user: CanRead) -> RunRecord: ...

What each identity holds stands in `GRANTS`, so a new role is one entry there.
"""

from enum import StrEnum
from typing import Annotated, Any

from fastapi import Depends

from backend.dependencies import get_current_user, get_worker
from backend.errors import Forbidden


class Permission(StrEnum):
    READ = "read"
    READ_CASES = "read_cases"
    MANAGE_FEDERATIONS = "manage_federations"
    MANAGE_DATA = "manage_data"
    RUN_EXPERIMENTS = "run_experiments"
    SHARE_REPORTS = "share_reports"
    MOVE_MODELS = "move_models"
    OPERATE = "operate"
    OWN_ACCOUNT = "own_account"
    WORK = "work"
    ANYBODY = "anybody"


MEANINGS: dict[Permission, str] = {
    Permission.READ: "See federations, sites, data sets, experiments, runs, events and results.",
    Permission.READ_CASES: "See single cases: their names, scores, images and masks, where the site's policy allows.",
    Permission.MANAGE_FEDERATIONS: "Create, change and delete federations and sites, and set a site's policy.",
    Permission.MANAGE_DATA: "Register, check, confirm and delete data sets, decide pairs, withdraw what was sent.",
    Permission.RUN_EXPERIMENTS: "Create, start, steer and delete experiments, and try a run's models on an image.",
    Permission.SHARE_REPORTS: "Make a report that everybody with its address can read, and revoke it.",
    Permission.MOVE_MODELS: "Download a run's models, and import models.",
    Permission.OPERATE: "See the state of the installation, sweep and verify its storage.",
    Permission.OWN_ACCOUNT: "See who one is, and make and revoke tokens of one's own.",
    Permission.WORK: "Claim tasks, report on them, fetch and upload their files.",
    Permission.ANYBODY: "Needs no sign-in.",
}

#: Today's two identities: somebody who signed in or sent a personal token, and a worker.
USER = "user"
WORKER = "worker"
GRANTS: dict[str, frozenset[Permission]] = {
    USER: frozenset(Permission) - {Permission.WORK},
    WORKER: frozenset({Permission.WORK, Permission.ANYBODY}),
}


class Require:
    """A dependency: gives the caller's name. Raises NotSignedIn, WrongToken, or Forbidden without the permission."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    def __call__(self, user: Annotated[str, Depends(get_current_user)]) -> str:
        require_granted(USER, self.permission)
        return user


class RequireWorker:
    """A dependency of the worker API. Raises NotSignedIn, WrongToken, or Forbidden."""

    permission = Permission.WORK

    def __call__(self, _worker: Annotated[None, Depends(get_worker)]) -> None:
        require_granted(WORKER, self.permission)


class LetAnybody:
    """A dependency that says that the route is open to everybody, by choice."""

    permission = Permission.ANYBODY

    def __call__(self) -> None:
        return None


def require_granted(identity: str, permission: Permission) -> None:
    """Raises Forbidden."""
    if permission not in GRANTS[identity]:
        raise Forbidden(f"a {identity} may not do this: it needs the permission {permission.value!r}")


def permissions_of(dependant: Any) -> set[Permission]:
    """What a route needs, read from FastAPI's tree of its dependencies."""
    own = {dependant.call.permission} if isinstance(dependant.call, Require | RequireWorker | LetAnybody) else set()
    return own.union(*(permissions_of(child) for child in dependant.dependencies))


CanRead = Annotated[str, Depends(Require(Permission.READ))]
CanReadCases = Annotated[str, Depends(Require(Permission.READ_CASES))]
CanManageFederations = Annotated[str, Depends(Require(Permission.MANAGE_FEDERATIONS))]
CanManageData = Annotated[str, Depends(Require(Permission.MANAGE_DATA))]
CanRunExperiments = Annotated[str, Depends(Require(Permission.RUN_EXPERIMENTS))]
CanShareReports = Annotated[str, Depends(Require(Permission.SHARE_REPORTS))]
CanMoveModels = Annotated[str, Depends(Require(Permission.MOVE_MODELS))]
CanOperate = Annotated[str, Depends(Require(Permission.OPERATE))]
OwnAccount = Annotated[str, Depends(Require(Permission.OWN_ACCOUNT))]
AsWorker = Annotated[None, Depends(RequireWorker())]
Anybody = Annotated[None, Depends(LetAnybody())]
