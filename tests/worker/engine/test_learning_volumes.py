"""What FedSM is for, in three dimensions: hospitals that scan and outline the prostate differently."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from fedsm.synthetic_prostate import PROSTATE_TASK, SITES, ProstateSite, make_prostate_case
from tests.worker.engine.small_sites import ADAM, PERCENTILE, RESIZE, small_plan
from tests.worker.engine.test_learning import evaluated, mean_dice
from worker.engine.data import Case, SiteData
from worker.engine.losses import DiceBce
from worker.engine.networks.settings import UNetSettings
from worker.engine.robust_aggregation import Mean
from worker.engine.selectors.lda import LdaSelector
from worker.engine.state import GLOBAL, personalized
from worker.engine.strategies.fedavg import FedAvg
from worker.engine.strategies.fedsm import FedSM
from worker.engine.transforms import make_case
from worker.jobs.build import label_values

SAMPLING = replace(RESIZE, size=48, depth=12)
NUM_TRAIN, NUM_VAL, NUM_TEST = 8, 2, 4
SEED = 2
_, FIR, _, HAZEL = SITES


def prostate_site(site: ProstateSite) -> SiteData:
    cases = tuple(prostate_case(site, index) for index in range(NUM_TRAIN + NUM_VAL + NUM_TEST))
    return SiteData(site.slug, cases[:NUM_TRAIN], cases[NUM_TRAIN:-NUM_TEST], cases[-NUM_TEST:])


def prostate_case(site: ProstateSite, index: int) -> Case:
    case = make_prostate_case(site, index, SEED, detail=0.5)
    structures = np.stack([np.isin(case.mask, values) for values in label_values(PROSTATE_TASK)])
    name = f"{site.slug}-{index:03d}"
    return make_case(name, name, case.image[..., None], structures, case.grid.spacing, SAMPLING, PERCENTILE, 3)


@pytest.mark.slow  # 25 s on one core
def test_the_super_model_beats_fedavg_on_volumes() -> None:
    """Two hospitals, one of which outlines gland and transition zone tightly, the other widely.

    Measured: mean test Dice of both structures 0.869 against FedAvg's 0.798, and every case routed to its own
    hospital's model. Over 16 rounds, with seeds 0 and 2 (data, weights and order together): 0.821 and 0.899 against
    0.782 and 0.859. 24 rounds show the same.
    """
    torch.set_num_threads(1)
    sites = {site.slug: prostate_site(site) for site in (FIR, HAZEL)}
    plan = small_plan(
        tuple(sites),
        structures=tuple(structure.name for structure in PROSTATE_TASK.structures),
        num_channels=1,
        spatial_dims=3,
        seed=SEED,
        network=UNetSettings((8, 16, 32), 1, "instance"),
        rounds=12,
        local_epochs=2,
        sampling=SAMPLING,
        optimizer=replace(ADAM, learning_rate=4e-3),
        loss=DiceBce(),
    )
    selector = LdaSelector(0.1, minimum_cases=5, features="descriptors", farthest=math.inf)
    fedsm = evaluated(FedSM(0.9, 0.9, selector, 0.0, "hard"), sites, plan)
    fedavg = evaluated(FedAvg(Mean()), sites, plan)

    super_model = {case.case_id: case.route.chosen_model for case in fedsm if case.route is not None}
    assert all(super_model[case.case_id] == personalized(case.site) for case in fedsm)
    global_model = dict.fromkeys(super_model, GLOBAL)
    found = [mean_dice(fedsm, super_model, structure) for structure in plan.structures]
    fedavg_found = [mean_dice(fedavg, global_model, structure) for structure in plan.structures]
    print(f"prostate, transition zone: super model {found}, FedAvg {fedavg_found}")
    assert min(found) > 0.85
    assert sum(found) > sum(fedavg_found)
