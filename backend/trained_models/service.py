"""The models of finished runs, and their download."""

import json
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Select, select, tuple_
from sqlalchemy.orm import Session

from backend.artifacts.service import artifact_url
from backend.artifacts.store import ArtifactStore
from backend.contracts.changed_settings import ChangedSetting, experiment_settings, strategy_settings
from backend.contracts.config_problems import in_short
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.methods.personalized import FedRDNConfig
from backend.contracts.model_file import COPY_BYTES, DESCRIPTION, SUFFIX
from backend.contracts.model_parts import PREDICTING
from backend.contracts.status import RunStatus
from backend.contracts.strategy_configs import StrategyConfig
from backend.contracts.tasks import POOLED
from backend.db.lookup import get_row
from backend.db.models import Artifact, Experiment, Run, RunRound
from backend.errors import Conflict
from backend.evaluations.scored_cases import (
    Query,
    TestedCaseScores,
    evaluated_cases,
    places_of,
    stated_of_runs,
    summaries_of,
    valued_cases,
)
from backend.evaluations.summaries import StatedSites, column_value
from backend.runs.contributions import rounds_in_models
from backend.runs.notes import notes_of_runs
from backend.runs.run_data import StartedOn, data_of_runs
from backend.runs.threshold import best_gammas, strategy_with
from backend.trained_models.card import model_card
from backend.trained_models.schemas import (
    CurrentModelSet,
    MadeFrom,
    ModelPart,
    ModelScore,
    ModelSet,
    PartKind,
    TrainingData,
)
from backend.trained_models.usage import how_to_use


def runs_with_models(federation_id: str) -> Select[Run]:
    """Completed runs, the newest first."""
    query = (
        select(Run)
        .join(Experiment, Experiment.id == Run.experiment_id)
        .where(Experiment.federation_id == federation_id, Experiment.kind != "test", Run.status == RunStatus.COMPLETED)
    )
    return query.order_by(Run.finished_at.desc(), Run.id)


def model_set(session: Session, run_id: str) -> CurrentModelSet:
    """Raises Conflict for a run that is not completed."""
    run = get_row(session, Run, run_id)
    if run.status != RunStatus.COMPLETED:
        raise Conflict(f"the run is {run.status}: its models are complete once it is completed")
    return model_set_of(session, run)


def write_archive(found: ModelSet, store: ArtifactStore, target: Path) -> None:
    """A ZIP of the safetensors files as they are, `model.json` and `README.md`. Equal models, equal bytes."""
    texts = {"README.md": model_card(found).encode(), DESCRIPTION: _description(found).encode()}
    write_files(texts, found.parts, store, target)


def write_files(texts: dict[str, bytes], parts: Sequence[ModelPart], store: ArtifactStore, target: Path) -> None:
    """A ZIP of the texts by their names, and of the parts' files. Equal contents, equal bytes."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, content in texts.items():
            archive.writestr(_entry(name), content)
        for part in parts:
            with store.path(part.sha256).open("rb") as source, archive.open(_entry(f"{part.name}{SUFFIX}"), "w") as to:
                while chunk := source.read(COPY_BYTES):
                    to.write(chunk)


def model_set_of(session: Session, run: Run) -> CurrentModelSet:
    return model_sets_of(session, [run])[0]


def model_sets_of(session: Session, runs: Sequence[Run]) -> list[CurrentModelSet]:
    """In the same order, with as many queries as for one."""
    ids = [run.id for run in runs]
    wanted = Experiment.id.in_({run.experiment_id for run in runs})
    experiments = {row.id: row for row in session.scalars(select(Experiment).where(wanted))}
    parts, notes, data = _parts(session, runs), notes_of_runs(session, runs), _data(session, runs)
    gammas, cases = best_gammas(session, runs), _by_run(evaluated_cases(session, ids, "best"))
    stated = stated_of_runs(session, ids, "best")
    return [
        _model_set(
            run,
            experiments[run.experiment_id],
            strategy=strategy_with(run, gammas.get(run.id)),
            parts=parts[run.id],
            notes=notes[run.id],
            data=data[run.id],
            scores=_scores(run, cases[run.id], stated.get(run.id, {})),
        )
        for run in runs
    ]


def _model_set(run: Run, experiment: Experiment, *, parts: list[ModelPart], **found: Any) -> CurrentModelSet:
    assert run.spec is not None
    assert run.finished_at is not None
    return CurrentModelSet(
        run_id=run.id,
        experiment_id=experiment.id,
        experiment_name=experiment.name,
        experiment_archived=experiment.archived_at is not None,
        imported=experiment.kind == "import",
        federation_id=experiment.federation_id,
        strategy_label=run.strategy_label,
        seed=run.seed,
        round=_best_round(run),
        num_rounds=run.num_rounds,
        chosen_by_validation=run.best_dice is not None,
        usage=how_to_use(
            run.spec.config,
            run.spec.task,
            has_selector=any(part.kind == "selector" for part in parts),
            normalizes_input=isinstance(run.strategy, FedRDNConfig),
        ),
        finished_at=run.finished_at,
        code_version=run.code_version,
        task=run.spec.task,
        config=run.spec.config,
        changed_settings=changed_settings(run.spec.config, found["strategy"]),
        start=run.spec.start,
        made_from=_made_from(run),
        sites=list(run.spec.sites),
        parts=parts,
        num_bytes=sum(part.num_bytes for part in parts),
        download_url=f"/api/v1/runs/{run.id}/model.zip",
        **found,
    )


def changed_settings(config: ExperimentConfig, strategy: StrategyConfig) -> list[ChangedSetting]:
    """Of the experiment and the method; strategy: as the models are used, with the threshold that was chosen."""
    return [*experiment_settings(config), *strategy_settings(strategy)]


def _made_from(run: Run) -> MadeFrom | None:
    assert run.spec is not None
    if (added := run.spec.added) is not None:
        return MadeFrom(version=added.version, run_id=added.run_id, words=added.in_words(), trained=False)
    start = run.spec.config.start_from
    if (taught := run.spec.taught) is not None and taught.version is not None:
        words = f"{taught.version}, as one student of its super model"
        return MadeFrom(version=taught.version, run_id=taught.run_id, words=words)
    if start is None or start.version is None:
        return None
    words = f"{start.version}, trained further by {run.strategy_label} at {in_short(run.spec.sites)}"
    return MadeFrom(version=start.version, run_id=start.run, words=words)


def _best_round(run: Run) -> int:
    assert run.best_round is not None, "a completed run has one"
    return run.best_round


def _parts(session: Session, runs: Sequence[Run]) -> dict[str, list[ModelPart]]:
    """By run id."""
    best = tuple_(RunRound.run_id, RunRound.round).in_([(run.id, _best_round(run)) for run in runs])
    states = {
        row.run_id: row.parts or {} for row in session.execute(select(RunRound.run_id, RunRound.parts).where(best))
    }
    named = {sha256 for state in states.values() for name, sha256 in state.items() if _kind(name) in PREDICTING}
    sizes = select(Artifact.sha256, Artifact.num_bytes).where(Artifact.sha256.in_(named))
    num_bytes: dict[str, int] = dict(session.execute(sizes).all())
    return {
        run.id: [
            ModelPart(
                name=name,
                kind=cast(PartKind, "selector" if _kind(name).startswith("selector") else _kind(name)),
                sha256=sha256,
                num_bytes=num_bytes[sha256],
                url=artifact_url(sha256) or "",
            )
            for name, sha256 in states[run.id].items()
            if _kind(name) in PREDICTING
        ]
        for run in runs
    }


def _kind(part: str) -> str:
    return part.partition("/")[0]


def _data(session: Session, runs: Sequence[Run]) -> dict[str, list[TrainingData]]:
    """By run id, in the order of sites."""
    of_runs = {run.id: run for run in runs}
    used = rounds_in_models(session, runs)
    splits: dict[tuple[str, str], Counter[str | None]] = {}
    found: dict[str, list[TrainingData]] = defaultdict(list)
    for data in data_of_runs(session, of_runs):
        key = data.dataset_id, data.fingerprint
        if key not in splits:
            splits[key] = Counter(case.split for case in data.manifest.cases)
        found[data.run_id].append(_training_data(of_runs[data.run_id], data, splits[key], used[data.run_id]))
    for run in runs:
        found[run.id] = [*_data_before(session, run), *found[run.id]]
    return found


def _data_before(session: Session, run: Run) -> list[TrainingData]:
    """Of a run that adds a site to a model: what that model was made of. Empty where its run is not there any more."""
    added = run.spec.added if run.spec is not None else None
    source = session.get(Run, added.run_id) if added is not None else None
    return _data(session, [source])[source.id] if source is not None else []


def _training_data(
    run: Run, data: StartedOn, splits: Counter[str | None], used: Mapping[str, list[int]]
) -> TrainingData:
    assert run.spec is not None
    held_out = data.site_slug in run.spec.held_out_sites
    own = used.get(data.site_slug) or ([] if held_out else used.get(POOLED, []))
    rounds = own if splits["train"] and run.spec.added is None else []
    return TrainingData(
        site_slug=data.site_slug,
        dataset_id=data.dataset_id,
        fingerprint=data.fingerprint,
        num_cases=splits.total(),
        num_by_split={"train": splits["train"], "val": splits["val"], "test": splits["test"]},
        held_out=held_out,
        used_rounds=rounds,
        trained_on=bool(rounds),
        only_in_selector=run.spec.added is not None,
    )


def _by_run(rows: Iterable[TestedCaseScores]) -> dict[str, list[TestedCaseScores]]:
    found: dict[str, list[TestedCaseScores]] = defaultdict(list)
    for row in rows:
        found[row.run_id].append(row)
    return found


def _scores(run: Run, cases: list[TestedCaseScores], stated: StatedSites) -> list[ModelScore]:
    query = Query("dice", "best")
    places = places_of(run)
    scores = []
    for model in run.strategy.card.models:
        values = places.values(valued_cases(cases, model, query), None)
        found = column_value(values, summaries_of(stated, places, model, query, None))
        scores.append(ModelScore(model=model, dice=found.mean, num_cases=found.num_cases))
    return scores


def _description(found: ModelSet) -> str:
    of_now = CurrentModelSet.model_fields.keys() - ModelSet.model_fields.keys()
    return json.dumps(found.model_dump(mode="json", by_alias=True, exclude=of_now), indent=2)


def _entry(name: str) -> zipfile.ZipInfo:
    """With the ZIP format's first date, so that the bytes do not depend on the clock."""
    return zipfile.ZipInfo(name)
