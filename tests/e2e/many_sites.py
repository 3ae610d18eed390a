"""A state folder with many sites, long names and long runs, to look at: `python -m tests.e2e.many_sites FOLDER`.

Nothing was trained: ledger, metrics, log and scores are written as a backend would have. Then `fedsm up --home FOLDER`.
"""

import argparse
import math
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from backend.clock import now
from backend.contracts.datasets import SplitFractions
from backend.contracts.experiment_config import ExperimentConfig
from backend.db.base import new_id
from backend.db.migrate import migrate
from backend.db.models import Dataset, Event, Experiment, Federation, Metric, Run, RunRound, Site, Task
from backend.db.session import create_engine_for
from backend.runs.failures import FAILED_TASKS
from tests.e2e.many_results import add_results
from tests.integration.tiny_data import TASK

#: 60 characters, of which the last differ, as those of one hospital's departments do.
NAME = "University hospital of the northern district, department {:02}"
ROUND = timedelta(seconds=90)
METRICS = (("dice", "val", "super"), ("dice", "val", "global"), ("loss", "train", "global"))
FAILED_SITES = (3, 17)
WORKERS = ("gpu-box-1", "gpu-box-2", "gpu-box-3")


def seed(folder: Path, num_sites: int, num_rounds: int) -> None:
    """A run under way, one that failed in its last round, one of 1000 rounds that is completed; and every method."""
    folder.mkdir(parents=True, exist_ok=True)
    url = f"sqlite:///{folder / 'fedsm.sqlite3'}"
    migrate(url)
    engine = create_engine_for(url)
    with Session(engine) as session:
        federation = Federation(name="Thirty sites", description="", task=TASK, created_at=now())
        session.add(federation)
        session.flush()
        slugs = [f"site-{index + 1:02}" for index in range(num_sites)]
        for position, slug in enumerate(slugs):
            _add_site(session, federation.id, slug, position)
        config = ExperimentConfig.model_validate(
            {"schedule": {"rounds": num_rounds}, "minimum_sites": num_sites - 1, "strategies": [{"name": "fedsm"}]}
        )
        experiment = Experiment(
            federation_id=federation.id,
            name="Does personalization help thirty departments that differ in camera and patients?",
            description="",
            config=config,
            created_at=now(),
            created_by="admin",
            started_at=now(),
        )
        session.add(experiment)
        session.flush()
        states = (
            ("running", "FedSM", num_rounds, num_rounds * 2 // 3),
            ("failed", "FedSM (lambda 0.5)", num_rounds, num_rounds // 2),
            ("completed", "FedSM (1000 rounds)", 1000, 1000),
        )
        for position, (status, label, total, reached) in enumerate(states):
            run = _run(experiment, config, position, label, status, total, reached, slugs)
            session.add(run)
            session.flush()
            _fill(session, run, slugs, federation.id)
        add_results(session, federation.id, slugs)
        session.commit()


def _add_site(session: Session, federation_id: str, slug: str, position: int) -> None:
    site = Site(
        federation_id=federation_id,
        slug=slug,
        name=NAME.format(position + 1),
        kind="simulated",
        position=position,
        created_at=now(),
    )
    session.add(site)
    session.flush()
    session.add(
        Dataset(
            site_id=site.id,
            name="Fundus photographs",
            folder=f"/data/{slug}",
            fractions=SplitFractions(),
            seed=0,
            status="ready",
            created_at=now(),
            checked_at=now(),
            intensity_histogram=[],
        )
    )


def _run(
    experiment: Experiment,
    config: ExperimentConfig,
    position: int,
    label: str,
    status: str,
    total: int,
    reached: int,
    slugs: list[str],
) -> Run:
    over = status != "running"
    cause = f"Round {reached} has results of {len(slugs) - 2} of {len(slugs)} site(s) and needs {len(slugs) - 1}."
    return Run(
        experiment_id=experiment.id,
        position=position,
        strategy=config.strategies[0],
        strategy_label=label,
        seed=0,
        status=status,
        round=reached,
        num_rounds=total,
        minimum_sites=len(slugs) - 1,
        participants=slugs,
        evaluators=slugs,
        criterion="super",
        best_round=total - 40 if status == "completed" else None,
        best_dice=0.871 if status == "completed" else None,
        failure=cause if status == "failed" else None,
        created_at=now() - reached * ROUND,
        started_at=now() - reached * ROUND,
        finished_at=now() if over else None,
    )


def _fill(session: Session, run: Run, slugs: list[str], federation_id: str) -> None:
    draw = random.Random(run.position)
    begun = now() - run.round * ROUND
    session.execute(insert(RunRound), list(_rounds(run, begun)))
    tasks = [_task(run, slug, number, begun, draw) for number in range(1, run.round + 1) for slug in slugs]
    session.execute(insert(Task), tasks)
    session.execute(insert(Metric), list(_metrics(run, slugs, draw)))
    events = [_line(task, run, federation_id) for task in tasks]
    session.execute(insert(Event), events)


def _rounds(run: Run, begun: datetime) -> Iterator[dict[str, Any]]:
    for number in range(run.round + 1):
        opened = begun + (number - 1) * ROUND
        done = number < run.round or run.status == "completed"
        yield {
            "run_id": run.id,
            "round": number,
            "opened_at": opened,
            "finished_at": opened + ROUND if done else None,
            "parts": {},
            "downloads": {},
        }


def _task(run: Run, slug: str, number: int, begun: datetime, draw: random.Random) -> dict[str, Any]:
    opened = begun + (number - 1) * ROUND
    seconds = 50 + 20 * draw.random()
    status = _status(run, slug, number, draw)
    failed = status in FAILED_TASKS
    done = status == "completed"
    return {
        "id": new_id(),
        "run_id": run.id,
        "kind": "train_site",
        "round": number,
        "participant": slug,
        "queue": "simulated",
        "status": status,
        "attempt": 3 if failed else 1,
        "failures": 3 if failed else 0,
        "fraction": 1.0 if done else draw.random(),
        "worker": draw.choice(WORKERS),
        "error": "/data/images/IMG_0042.png: No such file or directory" if failed else None,
        "failure_kind": "data_unreadable" if failed else None,
        "failure_detail": "Traceback (most recent call last):\n  ...\nFileNotFoundError" if failed else None,
        "created_at": opened,
        "sent_at": opened,
        "started_at": opened + timedelta(seconds=8 * draw.random()),
        "finished_at": opened + timedelta(seconds=seconds) if done or failed else None,
        # A year: nobody reports for it, and nothing takes it away meanwhile.
        "lease_expires_at": None if done or failed else now() + timedelta(days=365),
        "seconds": seconds if done else None,
        "transfer_seconds": seconds * 0.1 if done else None,
        "bytes_up": 31_000_000 if done else None,
        "bytes_down": 62_000_000 if done else None,
    }


def _status(run: Run, slug: str, number: int, draw: random.Random) -> str:
    if number < run.round or run.status == "completed":
        return "failed" if draw.random() < 0.002 else "completed"
    position = int(slug.removeprefix("site-")) - 1
    if run.status == "failed":
        return "failed" if position in FAILED_SITES else "completed"
    return "completed" if draw.random() < 0.7 else "running"


def _metrics(run: Run, slugs: list[str], draw: random.Random) -> Iterator[dict[str, Any]]:
    for position, slug in enumerate(slugs):
        ceiling = 0.75 + 0.15 * position / len(slugs)
        for number in range(1, run.round + 1):
            progress = 1 - math.exp(-number / 40)
            for name, split, model in METRICS:
                noise = draw.gauss(0, 0.02)
                value = ceiling * progress + noise if name == "dice" else 1.2 - progress + abs(noise)
                yield {
                    "run_id": run.id,
                    "round": number,
                    "site_slug": slug,
                    "model": model,
                    "split": split,
                    "name": name,
                    "value": min(1.0, max(0.0, value)) if name == "dice" else value,
                    "num_cases": 12,
                }


def _line(task: dict[str, Any], run: Run, federation_id: str) -> dict[str, Any]:
    failed = task["status"] in FAILED_TASKS
    words = task["error"] if failed else f"trained 40 steps on 160 cases in {task['seconds'] or 0:.1f} s"
    return {
        "at": task["finished_at"] or task["started_at"],
        "kind": "log",
        "actor": task["worker"],
        "level": "error" if failed else "info",
        "message": words,
        "federation_id": federation_id,
        "experiment_id": run.experiment_id,
        "run_id": run.id,
        "site_slug": task["participant"],
        "round": task["round"],
        "task_id": task["id"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sites", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=300)
    options = parser.parse_args()
    seed(options.folder, options.sites, options.rounds)


if __name__ == "__main__":
    main()
