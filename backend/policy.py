"""How a route names the permission that it needs: by the annotation of its first parameter.

    def get_run(_user: CanRead, run_id: Id, session: ReadSession) -> RunRecord: ...

Which role holds it stands in `backend.access.matrix`; in which federation it is asked for follows from what the
address names (`backend.access.objects`). A route whose address names nothing of a federation says so
(`CanReadSomewhere`), and narrows its answer to what the caller may see.
"""

from typing import Annotated, Any

from fastapi import Depends, Request

from backend.access.caller import Caller
from backend.access.matrix import INSTALLATION, OF_ONESELF, Permission
from backend.access.objects import kind_of, place_of, unknown
from backend.contracts.experiment_config import ExperimentConfig
from backend.db.session import read_only
from backend.dependencies import CallerDep, PlatformDep, get_worker
from backend.platform import Platform
from backend.sites.enrolment.identity import WorkerIdentity

#: They are asked for without a federation.
_WITHOUT_FEDERATION = INSTALLATION | OF_ONESELF


class Require:
    """A dependency: gives the caller's name. Raises NotSignedIn, WrongToken, Forbidden without the permission, and
    NotFound for what is in a federation of which the caller is no member."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    def __call__(self, request: Request, platform: PlatformDep, caller: CallerDep) -> str:
        named = named_by(request.path_params)
        if self.permission in _WITHOUT_FEDERATION:
            if not caller.may(self.permission):
                raise caller.refusal(self.permission)
        elif not named:
            raise RuntimeError(
                f"{request.url.path} names nothing of a federation: let it require its permission somewhere"
            )
        else:
            for kind, row_id in named:
                require(platform, caller, self.permission, kind, row_id)
        return caller.name


class RequireSomewhere:
    """The same for an address that names nothing of a federation: the permission is held in one at least, and the
    endpoint narrows its answer. let_in: whether somebody who holds it nowhere gets an empty list."""

    def __init__(self, permission: Permission, let_in: bool = False) -> None:
        self.permission = permission
        self.let_in = let_in

    async def __call__(self, caller: CallerDep) -> str:
        if not (self.let_in or caller.may_somewhere(self.permission)):
            raise caller.refusal(self.permission)
        return caller.name


class RequireWorker:
    """A dependency of the worker API: says who works. Raises NotSignedIn, WrongToken, and what `identify_site`
    raises."""

    permission = Permission.WORK

    async def __call__(self, worker: Annotated[WorkerIdentity, Depends(get_worker)]) -> WorkerIdentity:
        return worker


class LetAnybody:
    """A dependency that says that the route is open to everybody, by choice."""

    permission = Permission.ANYBODY

    async def __call__(self) -> None:
        return None


def require(platform: Platform, caller: Caller, permission: Permission, kind: str, row_id: str) -> None:
    """For what an address, or a body, names. Raises Forbidden; NotFound for what the caller may not know of."""
    if caller.is_administrator:  # what is not there is said by the endpoint
        if not caller.may(permission):
            raise caller.refusal(permission)
        return
    with read_only(platform.database) as session:
        place = place_of(session, kind, row_id)
    if place.federation_id is None or not caller.is_member(place.federation_id):
        raise unknown(kind, row_id)
    if not caller.may(permission, place.federation_id, place.site_id):
        raise caller.refusal(permission, place.federation_id)


class InBody:
    """What a body names, which the address does not."""

    def __init__(self, platform: PlatformDep, caller: CallerDep) -> None:
        self._platform, self._caller = platform, caller

    def require(self, permission: Permission, kind: str, *row_ids: str) -> None:
        """Raises Forbidden, and NotFound for what the caller may not know of."""
        for row_id in row_ids:
            require(self._platform, self._caller, permission, kind, row_id)

    def require_start(self, config: ExperimentConfig) -> None:
        """For the run whose model the experiment begins with; a version is of the experiment's own federation."""
        if config.start_from is not None and config.start_from.run is not None:
            self.require(Permission.RUN_EXPERIMENTS, "run", config.start_from.run)


NamedInBody = Annotated[InBody, Depends(InBody)]


def named_by(parameters: dict[str, str]) -> list[tuple[str, str]]:
    """Kind and id of each thing of a federation that an address names."""
    kinds = ((kind_of(parameter), value) for parameter, value in parameters.items())
    return [(kind, value) for kind, value in kinds if kind is not None]


_GUARDS = Require | RequireSomewhere | RequireWorker | LetAnybody


def permissions_of(dependant: Any) -> set[Permission]:
    """What a route needs, read from FastAPI's tree of its dependencies."""
    own = {dependant.call.permission} if isinstance(dependant.call, _GUARDS) else set()
    return own.union(*(permissions_of(child) for child in dependant.dependencies))


CanRead = Annotated[str, Depends(Require(Permission.READ))]
CanReadCases = Annotated[str, Depends(Require(Permission.READ_CASES))]
CanFollow = Annotated[str, Depends(Require(Permission.FOLLOW))]
CanReadData = Annotated[str, Depends(Require(Permission.READ_DATA))]
CanManageData = Annotated[str, Depends(Require(Permission.MANAGE_DATA))]
CanManageSites = Annotated[str, Depends(Require(Permission.MANAGE_SITES))]
CanManageFederations = Annotated[str, Depends(Require(Permission.MANAGE_FEDERATIONS))]
CanManageMembers = Annotated[str, Depends(Require(Permission.MANAGE_MEMBERS))]
CanRunExperiments = Annotated[str, Depends(Require(Permission.RUN_EXPERIMENTS))]
CanShareReports = Annotated[str, Depends(Require(Permission.SHARE_REPORTS))]
CanMoveModels = Annotated[str, Depends(Require(Permission.MOVE_MODELS))]
CanRegisterModels = Annotated[str, Depends(Require(Permission.REGISTER_MODELS))]
CanCreateFederations = Annotated[str, Depends(Require(Permission.CREATE_FEDERATIONS))]
CanManageUsers = Annotated[str, Depends(Require(Permission.MANAGE_USERS))]
CanOperate = Annotated[str, Depends(Require(Permission.OPERATE))]
OwnAccount = Annotated[str, Depends(Require(Permission.OWN_ACCOUNT))]
MayListFederations = Annotated[str, Depends(RequireSomewhere(Permission.READ, let_in=True))]
CanReadSomewhere = Annotated[str, Depends(RequireSomewhere(Permission.READ))]
CanReadCasesSomewhere = Annotated[str, Depends(RequireSomewhere(Permission.READ_CASES))]
CanFollowSomewhere = Annotated[str, Depends(RequireSomewhere(Permission.FOLLOW))]
CanManageDataSomewhere = Annotated[str, Depends(RequireSomewhere(Permission.MANAGE_DATA))]
CanRunExperimentsSomewhere = Annotated[str, Depends(RequireSomewhere(Permission.RUN_EXPERIMENTS))]
CanManageMembersSomewhere = Annotated[str, Depends(RequireSomewhere(Permission.MANAGE_MEMBERS))]
AsWorker = Annotated[WorkerIdentity, Depends(RequireWorker())]
Anybody = Annotated[None, Depends(LetAnybody())]
