"""Migrations of a database that already holds data."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from backend.contracts.datasets import Reading, SitePolicy
from backend.datasets import records as dataset_records
from backend.datasets import service as datasets
from backend.db.migrate import migrate, migration_config
from backend.db.models import Case, Dataset, Experiment, Site, TestedCase
from backend.db.session import create_engine_for
from backend.evaluations.results import experiment_results
from backend.evaluations.scored_cases import Query, evaluated_cases, of_checkpoint
from backend.settings import Settings
from backend.sites.service import policy_of
from tests.backend.live_backend import LiveBackend

pytestmark = pytest.mark.every_database

TIME = "2026-01-02 03:04:05+00:00"
TASK = json.dumps({"modality": "x", "num_channels": 1, "structures": [{"name": "disc", "label_values": [1]}]})
FRACTIONS = json.dumps({"train": 0.6, "val": 0.15})
#: Rows as a backend of revision 0001 wrote them.
OLD_ROWS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("federation", {"id": "f", "name": "Eyes", "description": "", "task": TASK, "created_at": TIME}),
    (
        "site",
        {
            "id": "s",
            "federation_id": "f",
            "slug": "a",
            "name": "A",
            "kind": "simulated",
            "position": 0,
            "created_at": TIME,
        },
    ),
    (
        "dataset",
        {
            "id": "d",
            "site_id": "s",
            "name": "Old",
            "folder": "/data",
            "fractions": FRACTIONS,
            "seed": 0,
            "status": "ready",
            "created_at": TIME,
            "intensity_histogram": "[0.5, 0.5]",
        },
    ),
    (
        "case",
        {
            "id": "c",
            "dataset_id": "d",
            "name": "one",
            "used": True,
            "split": "train",
            "image": "images/one.png",
            "mask": "masks/one.png",
            "image_sha256": "0" * 64,
            "mask_sha256": "1" * 64,
            "width": 8,
            "height": 8,
            "structure_shares": '{"disc": 0.25}',
            "mean_intensity": "[0.5]",
        },
    ),
    (
        "experiment",
        {
            "id": "e",
            "federation_id": "f",
            "name": "Old",
            "description": "",
            "config": '{"strategies": [{"name": "fedavg"}]}',
            "created_at": TIME,
            "created_by": "admin",
        },
    ),
    (
        "run",
        {
            "id": "r",
            "experiment_id": "e",
            "position": 0,
            "strategy": '{"name": "fedavg"}',
            "strategy_label": "FedAvg",
            "seed": 0,
            "status": "completed",
            "round": 3,
            "num_rounds": 3,
            "minimum_sites": 1,
            "best_round": 2,
            "created_at": TIME,
        },
    ),
    (
        "evaluated_case",
        {
            "run_id": "r",
            "case_id": "c",
            "name": "one",
            "site_slug": "a",
            "dice": '{"global": {"disc": 0.75}}',
            "predictions": '{"global": "2"}',
        },
    ),
)


@pytest.fixture
def old_engine(tmp_path: Path, database_url: str) -> Iterator[tuple[str, Engine]]:
    """A database of revision 0001 with one used case."""
    url = Settings(home=tmp_path, database_url=database_url).effective_database_url
    command.upgrade(migration_config(url), "0001")
    engine = create_engine_for(url)
    with engine.begin() as connection:
        for table, row in OLD_ROWS:
            columns, values = ", ".join(row), ", ".join(f":{column}" for column in row)
            connection.execute(text(f'INSERT INTO "{table}" ({columns}) VALUES ({values})'), row)
    yield url, engine
    engine.dispose()


def test_what_was_registered_before_keeps_working(old_engine: tuple[str, Engine]) -> None:
    url, engine = old_engine
    migrate(url)
    with Session(engine) as session:
        dataset, site, case = session.get_one(Dataset, "d"), session.get_one(Site, "s"), session.get_one(Case, "c")
        assert policy_of(site) == SitePolicy()
        record = dataset_records.dataset_record(session, dataset)
        assert (record.layout, record.found_layout, record.reading) == ("folders", None, Reading())
        assert (record.num_used, record.num_patients, record.spacing, record.warnings) == (1, None, None, [])
        assert dataset_records.case_record(case).structure_sizes == {}
        (file,) = datasets.manifest_of(session, dataset, site).cases
        assert (file.image, file.patient) == ("images/one.png", None)


def test_scores_of_before_are_the_best_rounds_dice(old_engine: tuple[str, Engine]) -> None:
    url, engine = old_engine
    migrate(url)
    with Session(engine) as session:
        (row,) = evaluated_cases(session, ["r"], "best")
        assert (row.round, row.scores) == (2, {"global": {"disc": {"dice": 0.75}}})
        assert session.scalars(select(TestedCase.predictions).where(*of_checkpoint(["r"], "best"))).all() == [
            {"global": "2"}
        ]
        experiment = session.get_one(Experiment, "e")
        table = experiment_results(session, experiment, Query("dice", "best"))
        pooled = [cell for cell in table.cells if cell.site_slug == "a" and cell.structure is None]
        assert [cell.mean for cell in pooled] == [0.75]
        none = experiment_results(session, experiment, Query("hd95", "best"))
        assert {cell.mean for cell in none.cells} == {None}, "not measured then"


def test_the_way_back_keeps_the_old_data(old_engine: tuple[str, Engine]) -> None:
    url, engine = old_engine
    migrate(url)
    command.downgrade(migration_config(url), "0001")
    with engine.connect() as connection:
        assert connection.execute(text('SELECT id, image FROM "case"')).all() == [("c", "images/one.png")]
        (dice,) = connection.execute(text("SELECT dice FROM evaluated_case")).one()
        assert (json.loads(dice) if isinstance(dice, str) else dice) == {"global": {"disc": 0.75}}


def test_what_breaks_a_bound_of_today_is_still_read(
    tmp_path: Path, database_url: str, valkey_url: str, broker: Any, old_engine: tuple[str, Engine]
) -> None:
    """Names with turned text, endless notes, numbers that no request may send: shown, run on and renamed as before."""
    url, engine = old_engine
    odd = "disc\u202e" + "x" * 300
    task = json.dumps({"modality": "m" * 500, "num_channels": 1, "structures": [{"name": odd, "label_values": [1]}]})
    config = json.dumps({"strategies": [{"name": "fedavg"}], "held_out_sites": []})
    changes = (
        ("UPDATE federation SET name = :name, description = :long, task = :task", {"task": task}),
        ("UPDATE site SET name = :name", {}),
        ("UPDATE dataset SET name = :name, folder = :long", {}),
        ('UPDATE "case" SET name = :name, structure_shares = :shares', {"shares": json.dumps({odd: 1.5})}),
        ("UPDATE experiment SET name = :name, description = :long, config = :config", {"config": config}),
    )
    for statement, values in changes:
        values = {"name": "a\u202eb" + "n" * 2000, "long": "d" * 50_000 + "\x1b", **values}
        used = {key: value for key, value in values.items() if f":{key}" in statement}
        with engine.begin() as connection:
            connection.execute(text(statement), used)
    migrate(url)
    with Session(engine) as session:
        site = session.get_one(Site, "s")
        (file,) = datasets.manifest_of(session, session.get_one(Dataset, "d"), site).cases
        assert file.name.startswith("a\u202eb")
    backend = LiveBackend(tmp_path, database_url, valkey_url)
    try:
        (federation,) = backend.get("/federations")
        assert federation["task"]["structures"][0]["name"] == odd
        assert len(federation["description"]) == 50_001
        for path in ("/sites/s", "/datasets/d", "/datasets/d/cases", "/experiments/e", "/federations/f/experiments"):
            assert "a\u202eb" in json.dumps(backend.get(path), ensure_ascii=False)
        answer = backend.admin.patch("/api/v1/federations/f", json={"name": "Eyes"})
        assert (answer.status_code, answer.json()["task"]) == (200, federation["task"])
        answer = backend.admin.patch("/api/v1/federations/f", json={"name": "Eyes\u202e"})
        assert answer.status_code == 422
    finally:
        backend.stop()
