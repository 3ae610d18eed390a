"""What is checked of an update when it is handed in: that its bytes are weights of the right shapes, and that the site
states the steps and cases that it was given. The values themselves are checked where they are averaged."""

from dataclasses import replace

from sqlalchemy.orm import Session

from backend.artifacts.store import ArtifactStore
from backend.contracts.local_work import LocalWork, mean_work
from backend.contracts.methods.references import CentralizedConfig, LocalOnlyConfig
from backend.contracts.safetensors_header import NoSafetensors, TensorInfo, read_header
from backend.contracts.tasks import DatasetManifest, PartMap, TrainSiteResult
from backend.contracts.update_format import header_of_update
from backend.db.models import Run, RunRound, Task
from backend.errors import NotFound
from backend.ledger.site_work import work_of, works_of_sites

#: A site returns a gradient, or moments of features, for the model selector: its coordinator's rule checks them.
SELECTOR_PARTS = "selector"


def problem_of_update(
    session: Session,
    store: ArtifactStore,
    run: Run,
    task: Task,
    manifests: tuple[DatasetManifest, ...],
    result: TrainSiteResult,
) -> str | None:
    """Why the update cannot be used; None if nothing speaks against it. Its artifacts are there."""
    return _problem_of_work(session, run, manifests, result) or _problem_of_parts(session, store, run, task, result)


def _problem_of_work(
    session: Session, run: Run, manifests: tuple[DatasetManifest, ...], result: TrainSiteResult
) -> str | None:
    work = _work_of(session, run, manifests)
    if result.num_cases != work.num_cases:
        return f"it states {result.num_cases} training cases, and the site has {work.num_cases}"
    if result.num_steps < work.least_steps or (work.most_steps is not None and result.num_steps > work.most_steps):
        bounds = [work.least_steps] if work.least_steps == work.most_steps else [work.least_steps, work.most_steps]
        asked = " to ".join(str(bound) for bound in bounds if bound is not None)
        return f"it states {result.num_steps} local steps, and the schedule asks for {asked}"
    return None


def _work_of(session: Session, run: Run, manifests: tuple[DatasetManifest, ...]) -> LocalWork:
    """Of a participant with these manifests, by the run's schedule and its method's measure of steps."""
    assert run.spec is not None
    if run.spec.added is not None:  # the sums of its training cases, and no step
        return replace(work_of(session, run.spec.config, run.spec.task, manifests), least_steps=0, most_steps=0)
    match run.strategy:
        case CentralizedConfig(steps="equal"):
            return mean_work(works_of_sites(session, run.spec.config, run.spec.task, manifests))
        case LocalOnlyConfig(steps="equal"):
            (work,) = works_of_sites(session, run.spec.config, run.spec.task, manifests)
            return replace(work, least_steps=run.spec.site_steps or 1, most_steps=run.spec.site_steps)
        case _:
            return work_of(session, run.spec.config, run.spec.task, manifests)


def _problem_of_parts(
    session: Session, store: ArtifactStore, run: Run, task: Task, result: TrainSiteResult
) -> str | None:
    assert run.spec is not None
    opened = session.get_one(RunRound, (run.id, task.round - 1))
    before, received = opened.parts or {}, (opened.downloads or {}).get(task.participant, [])
    for name, sha256 in result.parts.items():
        expected = _header_of_state(store, before, name)
        if expected is not None and name in received:  # what it did not receive, a site sends as it is
            expected = header_of_update(expected, run.spec.update_format)
        try:
            found = read_header(store.path(sha256))
        except NoSafetensors as error:
            return f"part {name}: {error}"
        if expected is not None and (problem := _difference(found, expected)):
            return f"part {name}: {problem}"
    return None


def _header_of_state(store: ArtifactStore, state: PartMap, name: str) -> dict[str, TensorInfo] | None:
    """None where what a site returns is not the part's next value (the model selector's), and for a state that cannot
    be read itself, which is no fault of the site's: the coordinator says so."""
    if name not in state or name.startswith(SELECTOR_PARTS):
        return None
    try:
        return read_header(store.path(state[name]))
    except (NoSafetensors, NotFound):
        return None


def _difference(found: dict[str, TensorInfo], expected: dict[str, TensorInfo]) -> str | None:
    if lacking := sorted(expected.keys() - found.keys()):
        return f"it lacks the tensor {lacking[0]}"
    if unknown := sorted(found.keys() - expected.keys()):
        return f"it has an unexpected tensor {unknown[0][:100]}"
    for key, info in found.items():
        if info != expected[key]:
            return f"tensor {key} is {info}, expected {expected[key]}"
    return None
