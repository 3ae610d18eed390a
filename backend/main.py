"""The application: routers, error handlers and the static frontend. Nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from backend import docs_page, health
from backend.artifacts import endpoints as artifacts
from backend.audit import endpoints as audit
from backend.consents import endpoints as consents
from backend.correlation import Correlation
from backend.datasets import endpoints as datasets
from backend.datasets.leakage import endpoints as leakage
from backend.datasets.statistics import endpoints as statistics
from backend.dry_runs import endpoints as dry_runs
from backend.error_answers import ERROR_RESPONSES, install_error_handlers
from backend.evaluations import endpoints as evaluations
from backend.evaluations.gap import endpoints as gap
from backend.evaluations.run_comparison import endpoints as run_comparison
from backend.evaluations.run_scores import endpoints as run_scores
from backend.evaluations.verdict import endpoints as verdict
from backend.events import endpoints as events
from backend.experiment_templates import endpoints as experiment_templates
from backend.experiments import endpoints as experiments
from backend.experiments.sweeps import endpoints as sweeps
from backend.exports import endpoints as exports
from backend.federations import endpoints as federations
from backend.frontend import frontend_router
from backend.gate import Gate
from backend.headers import SecurityHeaders
from backend.ledger.recovery import RecoveryLoop
from backend.members import endpoints as members
from backend.monitoring.hook import Monitoring
from backend.notices import endpoints as notices
from backend.notices.loop import NoticeLoop
from backend.openapi_document import Application
from backend.platform import open_platform
from backend.predictions import endpoints as predictions
from backend.registry import endpoints as registry
from backend.reports import endpoints as reports
from backend.runs import endpoints as runs
from backend.second_factor import endpoints as second_factor
from backend.settings import Settings
from backend.single_sign_on import endpoints as single_sign_on
from backend.sites import endpoints as sites
from backend.sites.enrolment import endpoints as enrolment
from backend.sites.enrolment.signed_answers import SignedAnswers
from backend.storage import endpoints as storage
from backend.storage.loop import StorageLoop
from backend.trained_models import endpoints as models
from backend.users import endpoints as users
from backend.version import RELEASE
from backend.worker_api import endpoints as worker_api

FEATURES = (
    federations,
    sites,
    enrolment,
    datasets,
    statistics,
    leakage,
    experiments,
    sweeps,
    experiment_templates,
    dry_runs,
    runs,
    consents,
    evaluations,
    gap,
    verdict,
    run_comparison,
    run_scores,
    models,
    registry,
    predictions,
    exports,
    reports,
    events,
    audit,
    artifacts,
    storage,
    members,
    second_factor,
    single_sign_on,
    notices,
)
API_ROUTERS = (
    *(feature.router for feature in FEATURES),
    *(feature.public_router for feature in (users, members, reports, single_sign_on)),
    users.router,
)


def create_app(settings: Settings) -> FastAPI:
    """Opens nothing until the server starts it, so that the OpenAPI document can be printed without a database."""

    monitoring = Monitoring(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        platform = open_platform(settings)
        for bell in (platform.bell, platform.site_bell):
            bell.attach(asyncio.get_running_loop())
        app.state.platform = platform
        recovery = RecoveryLoop(platform)
        recovery.start()
        storage_loop = StorageLoop(platform)
        storage_loop.start()
        notice_loop = NoticeLoop(platform)
        notice_loop.start()
        async with monitoring.served(platform):
            yield
        notice_loop.stop()
        storage_loop.stop()
        recovery.stop()
        platform.close()

    app = Application(
        title="FedSM Studio",
        version=RELEASE,  # the document is kept in the repository: it does not change with each commit
        description="Cross-silo federated learning for medical image segmentation.",
        lifespan=lifespan,
        generate_unique_id_function=_operation_id,
        responses=ERROR_RESPONSES,
        docs_url=None,
        redoc_url=None,
    )
    install_error_handlers(app)
    app.add_middleware(Gate, settings=settings)
    app.add_middleware(SignedAnswers)  # what the gate answers is signed too
    app.add_middleware(SecurityHeaders)  # every answer carries them
    monitoring.install(app)
    app.add_middleware(Correlation)  # the last is the outermost
    app.router.routes.extend(_api_routes())
    app.include_router(health.router)
    app.api_routers = (*API_ROUTERS, worker_api.router, health.router)
    app.include_router(docs_page.router)
    app.include_router(frontend_router(settings.frontend_dist))
    return app


@cache
def _api_routes() -> tuple[BaseRoute, ...]:
    """The same for every application of a process: FastAPI reads each endpoint's signature once."""
    api = APIRouter(responses=ERROR_RESPONSES, generate_unique_id_function=_operation_id)
    api.include_router(worker_api.router)  # first, because workers ask most
    for router in API_ROUTERS:
        api.include_router(router, prefix="/api/v1")
    return tuple(api.routes)


def _operation_id(route: APIRoute) -> str:
    """The endpoint's function name: the generated client's function is named the same."""
    return route.name
