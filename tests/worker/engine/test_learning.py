"""What the methods are for: annotators who disagree, and a site with few cases. Synthetic photographs, real parts."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from fedsm.synthetic_fundus import FUNDUS_TASK, SITES, FundusSite, make_fundus_case
from tests.worker.engine.small_sites import ADAM, RESIZE, UNIT, small_plan
from worker.engine.data import SiteData
from worker.engine.evaluation import EvaluatedCase, evaluate
from worker.engine.federation import run_rounds
from worker.engine.losses import DiceBce
from worker.engine.networks.settings import UNetSettings
from worker.engine.plan import Plan
from worker.engine.robust_aggregation import Mean
from worker.engine.selectors.lda import LdaSelector
from worker.engine.state import GLOBAL, personalized
from worker.engine.strategies.base import Strategy
from worker.engine.strategies.centralized import Centralized
from worker.engine.strategies.fedavg import FedAvg
from worker.engine.strategies.fedsm import FedSM
from worker.engine.strategies.local_only import LocalOnly
from worker.engine.transforms import make_case
from worker.in_process.best_round import best_round
from worker.jobs.build import label_values

IMAGE_SIDE = 128
SAMPLING = replace(RESIZE, size=48)
NUM_TRAIN, NUM_VAL, NUM_TEST = 20, 4, 8


def planes_of(mask: np.ndarray) -> np.ndarray:
    return np.stack([np.isin(mask, values) for values in label_values(FUNDUS_TASK)])


def fundus_site(style: FundusSite, slug: str, num_train: int = NUM_TRAIN, first: int = 0) -> SiteData:
    """Photographs of one style, numbered from `first`."""
    cases = []
    for index in range(first, first + num_train + NUM_VAL + NUM_TEST):
        image, mask = make_fundus_case(style, index, seed=0, image_side=IMAGE_SIDE)
        name = f"{slug}-{index:03d}"
        cases.append(make_case(name, name, image, planes_of(mask), None, SAMPLING, UNIT, 2))
    train, val, test = cases[:num_train], cases[num_train:-NUM_TEST], cases[-NUM_TEST:]
    return SiteData(slug, tuple(train), tuple(val), tuple(test))


def evaluated(strategy: Strategy, sites: dict[str, SiteData], plan: Plan) -> tuple[EvaluatedCase, ...]:
    """The best round's models on the test cases, as the platform does it."""
    records = list(run_rounds(strategy, sites, plan))
    best = records[best_round({record.round: record.metrics for record in records}, strategy.criterion).round]
    return tuple(evaluate(strategy, best.state.keys(), best.state.__getitem__, tuple(sites.values()), plan))


def mean_dice(cases: tuple[EvaluatedCase, ...], part_of: dict[str, str], structure: str) -> float:
    scores = [case.dice[part_of[case.case_id]][structure] for case in cases]
    return sum(score for score in scores if score is not None) / len(scores)


@pytest.mark.slow
def test_the_super_model_beats_fedavg_where_annotators_disagree() -> None:
    """Two clinics, one of which outlines the cup tightly, the other widely.

    Measured: cup Dice 0.744 against FedAvg's 0.630; with other photographs and seeds 1 and 2: 0.816 and 0.744 against
    0.570 and 0.684. At 64 pixels, over 30 rounds, with other photographs and seeds 0, 1, 2: 0.854, 0.731, 0.853 against
    0.748, 0.590, 0.816; with four clinics 0.890, 0.865, 0.882 against 0.815, 0.782, 0.815.
    """
    torch.set_num_threads(1)
    sites = {site.slug: fundus_site(site, site.slug) for site in SITES[:2]}
    plan = small_plan(
        tuple(sites),
        network=UNetSettings((8, 16, 32, 64), 1, "instance"),
        rounds=24,
        local_epochs=2,
        batch_size=4,
        sampling=SAMPLING,
        optimizer=replace(ADAM, learning_rate=4e-3),
        loss=DiceBce(),
    )
    fedsm = evaluated(
        FedSM(0.9, 0.9, LdaSelector(0.1, minimum_cases=5, features="descriptors", farthest=math.inf), 0.0, "hard"),
        sites,
        plan,
    )
    fedavg = evaluated(FedAvg(Mean()), sites, plan)

    routes = [case.route for case in fedsm if case.route is not None]
    named = [max(route.probabilities, key=route.probabilities.__getitem__) for route in routes]
    right = sum(site == case.site for site, case in zip(named, fedsm, strict=True))
    assert right >= 0.9 * len(fedsm)

    super_model = {route.case_id: route.chosen_model for route in routes}
    global_model = dict.fromkeys((case.case_id for case in fedavg), GLOBAL)
    cup = mean_dice(fedsm, super_model, "cup")
    fedavg_cup = mean_dice(fedavg, global_model, "cup")
    disc = mean_dice(fedsm, super_model, "disc")
    print(f"cup: super model {cup:.3f}, FedAvg {fedavg_cup:.3f}; disc: super model {disc:.3f}")
    assert cup > fedavg_cup + 0.03
    assert disc > 0.9


@pytest.mark.slow
def test_a_federation_helps_a_small_site_and_pooled_data_are_the_ceiling() -> None:
    """Three clinics of one style, so that nothing but the number of cases tells them apart; one has three of them.

    Measured: the small clinic's cup Dice is 0.852 by FedAvg, 0.245 by its own model, 0.921 by the pooled one; with
    other photographs and seeds 1 and 2: 0.809, 0.0, 0.892 and 0.632, 0.512, 0.889.
    """
    torch.set_num_threads(1)
    style = SITES[0]
    large = [fundus_site(style, f"large-{i}", first=100 * i) for i in (1, 2)]
    every = (*large, fundus_site(style, "small", num_train=3, first=300))
    plan = small_plan(
        tuple(site.site for site in every),
        network=UNetSettings((8, 16, 32), 1, "instance"),
        rounds=12,
        local_epochs=2,
        batch_size=4,
        sampling=SAMPLING,
        optimizer=replace(ADAM, learning_rate=6e-3),
        loss=DiceBce(),
    )
    sites = {site.site: site for site in every}
    methods: tuple[tuple[Strategy, str], ...] = (
        (FedAvg(Mean()), GLOBAL),
        (LocalOnly(0.0), personalized("small")),
        (Centralized("full"), GLOBAL),
    )
    scores = []
    for strategy, part in methods:
        small = tuple(case for case in evaluated(strategy, sites, plan) if case.site == "small")
        scores.append(mean_dice(small, dict.fromkeys((case.case_id for case in small), part), "cup"))
    fedavg, alone, pooled = scores
    print(f"small clinic's cup: FedAvg {fedavg:.3f}, alone {alone:.3f}, pooled {pooled:.3f}")
    assert fedavg > alone + 0.1
    assert pooled > fedavg
