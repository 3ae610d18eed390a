"""Scores of every method at many sites, drawn and not measured: what the results page is looked at with."""

import random
from collections.abc import Iterator
from typing import Any, get_args

from sqlalchemy import insert
from sqlalchemy.orm import Session

from backend.clock import now
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.metrics import SCORES
from backend.contracts.strategy_configs import StrategyName
from backend.contracts.tasks import RunSpec
from backend.db.models import Experiment, Run, TestedCase
from backend.experiments.labels import strategy_labels
from tests.integration.tiny_data import TASK

CASES_PER_SITE = 10
ROUNDS = 20


def add_results(session: Session, federation_id: str, slugs: list[str]) -> None:
    """An experiment of every method, all completed and tested on ten cases a site."""
    config = ExperimentConfig.model_validate(
        {
            "schedule": {"rounds": ROUNDS, "optimizer": "sgd", "momentum": 0},
            "minimum_sites": len(slugs),
            "network": {"norm": "batch"},
            "strategies": [{"name": name} for name in get_args(StrategyName)],
        }
    )
    experiment = Experiment(
        federation_id=federation_id,
        name="Every method",
        description="",
        config=config,
        created_at=now(),
        created_by="admin",
        started_at=now(),
    )
    session.add(experiment)
    session.flush()
    for position, label in enumerate(strategy_labels(config.strategies)):
        run = Run(
            experiment_id=experiment.id,
            position=position,
            strategy=config.strategies[position],
            strategy_label=label,
            seed=0,
            status="completed",
            round=ROUNDS,
            num_rounds=ROUNDS,
            minimum_sites=len(slugs),
            participants=slugs,
            evaluators=slugs,
            criterion=config.strategies[position].card.criterion,
            best_round=ROUNDS,
            best_dice=0.8,
            created_at=now(),
            started_at=now(),
            finished_at=now(),
        )
        session.add(run)
        session.flush()
        run.spec = RunSpec(
            run_id=run.id,
            config=config,
            strategy=run.strategy,
            seed=0,
            task=TASK,
            sites=tuple(slugs),
        )
        session.execute(insert(TestedCase), list(_cases(run, slugs)))


def _cases(run: Run, slugs: list[str]) -> Iterator[dict[str, Any]]:
    draw = random.Random(run.position)
    routed = run.strategy.name == "fedsm"
    for slug in slugs:
        for number in range(CASES_PER_SITE):
            certainty, other = draw.uniform(0.5, 1), draw.choice(slugs)
            answer = {name: (1 - certainty) * (name == other) for name in slugs} | {slug: certainty}
            yield {
                "run_id": run.id,
                "round": ROUNDS,
                "case_id": f"{slug}-{number}",
                "name": f"photograph-{slug}-{number:03}",
                "site_slug": slug,
                "scores": {model: _scores(draw, model.endswith(slug)) for model in _models(run, slug, slugs)},
                "distance_unit": "px",
                "probabilities": answer if routed else None,
                "chosen_model": (f"personalized/{slug}" if certainty > 0.9 else "global") if routed else None,
                "predictions": {},
            }


def _models(run: Run, slug: str, slugs: list[str]) -> list[str]:
    """Those that a run tests at a site: FedSM every personalized one."""
    kinds = run.strategy.card.models
    own = slugs if "super" in kinds else [slug]
    personalized = [f"personalized/{name}" for name in own] if "personalized" in kinds else []
    return ["global", *personalized] if "global" in kinds else personalized


def _scores(draw: random.Random, at_home: bool) -> dict[str, dict[str, float]]:
    dice = min(draw.gauss(0.88 if at_home else 0.8, 0.06), 0.99)
    return {
        structure.name: {name: dice if name in ("dice", "iou", "nsd") else 10 * (1 - dice) for name in SCORES}
        for structure in TASK.structures
    }
