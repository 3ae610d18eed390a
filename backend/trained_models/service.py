"""The models of finished runs, and their download."""

import json
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from backend.artifacts.service import artifact_url
from backend.artifacts.store import ArtifactStore
from backend.contracts.changed_settings import experiment_settings, strategy_settings
from backend.contracts.methods.personalized import FedRDNConfig
from backend.contracts.model_file import COPY_BYTES, DESCRIPTION, SUFFIX
from backend.contracts.model_parts import PREDICTING
from backend.contracts.status import RunStatus
from backend.contracts.tasks import POOLED
from backend.db.lookup import get_row
from backend.db.models import Artifact, Experiment, Run, RunDataset, RunRound
from backend.errors import Conflict
from backend.evaluations.scored_cases import (
    Query,
    evaluated_cases,
    places_of,
    stated_of_run,
    summaries_of,
    valued_cases,
)
from backend.evaluations.summaries import column_value
from backend.runs.contributions import used_rounds
from backend.runs.notes import notes_of
from backend.runs.threshold import finished_strategy
from backend.trained_models.card import model_card
from backend.trained_models.schemas import ModelPart, ModelScore, ModelSet, PartKind, TrainingData
from backend.trained_models.usage import how_to_use


def runs_with_models(federation_id: str) -> Select[Run]:
    """Completed runs, the newest first."""
    query = (
        select(Run)
        .join(Experiment, Experiment.id == Run.experiment_id)
        .where(Experiment.federation_id == federation_id, Experiment.kind != "test", Run.status == RunStatus.COMPLETED)
    )
    return query.order_by(Run.finished_at.desc(), Run.id)


def model_set(session: Session, run_id: str) -> ModelSet:
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


def model_set_of(session: Session, run: Run) -> ModelSet:
    experiment = session.get_one(Experiment, run.experiment_id)
    assert run.spec is not None
    assert run.best_round is not None
    assert run.finished_at is not None
    parts = list(_parts(session, run, run.best_round))
    return ModelSet(
        run_id=run.id,
        experiment_id=experiment.id,
        experiment_name=experiment.name,
        imported=experiment.kind == "import",
        federation_id=experiment.federation_id,
        strategy=finished_strategy(session, run),
        strategy_label=run.strategy_label,
        seed=run.seed,
        round=run.best_round,
        num_rounds=run.num_rounds,
        chosen_by_validation=run.best_dice is not None,
        notes=notes_of(session, run),
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
        changed_settings=[*experiment_settings(run.spec.config), *strategy_settings(run.strategy)],
        start=run.spec.start,
        sites=list(run.spec.sites),
        parts=parts,
        data=_data(session, run),
        scores=_scores(session, run),
        num_bytes=sum(part.num_bytes for part in parts),
        download_url=f"/api/v1/runs/{run.id}/model.zip",
    )


def _parts(session: Session, run: Run, round_number: int) -> Iterator[ModelPart]:
    state = session.get_one(RunRound, (run.id, round_number)).parts or {}
    for name, sha256 in state.items():
        kind = name.partition("/")[0]
        if kind not in PREDICTING:
            continue
        yield ModelPart(
            name=name,
            kind=cast(PartKind, "selector" if kind.startswith("selector") else kind),
            sha256=sha256,
            num_bytes=session.get_one(Artifact, sha256).num_bytes,
            url=artifact_url(sha256) or "",
        )


def _data(session: Session, run: Run) -> list[TrainingData]:
    assert run.spec is not None
    rows = session.scalars(select(RunDataset).where(RunDataset.run_id == run.id).order_by(RunDataset.position))
    used = used_rounds(session, run, run.best_round)
    found = []
    for row in rows:
        held_out = row.site_slug in run.spec.held_out_sites
        own = used.get(row.site_slug) or ([] if held_out else used.get(POOLED, []))
        splits = Counter(case.split for case in row.manifest.cases)
        rounds = own if splits["train"] else []
        found.append(
            TrainingData(
                site_slug=row.site_slug,
                dataset_id=row.dataset_id,
                fingerprint=row.fingerprint,
                num_cases=len(row.manifest.cases),
                num_by_split={"train": splits["train"], "val": splits["val"], "test": splits["test"]},
                held_out=held_out,
                used_rounds=rounds,
                trained_on=bool(rounds),
            )
        )
    return found


def _scores(session: Session, run: Run) -> list[ModelScore]:
    query = Query("dice", "best")
    places = places_of(run)
    cases, stated = evaluated_cases(session, [run.id], "best"), stated_of_run(session, run, "best")
    scores = []
    for model in run.strategy.card.models:
        values = places.values(valued_cases(cases, model, query), None)
        found = column_value(values, summaries_of(stated, places, model, query, None))
        scores.append(ModelScore(model=model, dice=found.mean, num_cases=found.num_cases))
    return scores


def _description(found: ModelSet) -> str:
    return json.dumps(found.model_dump(mode="json", by_alias=True), indent=2)


def _entry(name: str) -> zipfile.ZipInfo:
    """With the ZIP format's first date, so that the bytes do not depend on the clock."""
    return zipfile.ZipInfo(name)
