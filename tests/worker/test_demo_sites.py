"""What the demo's clinics are made for: a selector that is usually right, a threshold with something to decide, and a
clinic that no selector knows."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from fedsm.local.demo import FUNDUS_DEMO
from fedsm.synthetic_fundus import FUNDUS_TASK
from fedsm.synthetic_fundus.demo_sites import DEMO_SITES, ELM, FIR, TRAINING
from fedsm.synthetic_fundus.sites import ASTER
from tests.worker.datasets.fundus_folder import check
from tests.worker.engine.small_sites import RESIZE, UNIT, small_plan
from worker.engine.data import Case, SiteData
from worker.engine.selectors.lda import LdaSelector
from worker.engine.transforms import make_case

GAMMA = 0.9
SELECTOR = LdaSelector(0.1, minimum_cases=5, features="descriptors", farthest=10.0)


@pytest.fixture(scope="module")
def sites(fundus_demo: Path) -> dict[str, SiteData]:
    """As the platform splits and prepares them; the selector looks at images alone."""
    return {site.slug: _loaded(fundus_demo / site.slug) for site in DEMO_SITES}


def _loaded(folder: Path) -> SiteData:
    splits: dict[str, list[Case]] = {"train": [], "val": [], "test": []}
    for checked in check(folder, FUNDUS_TASK).cases:
        assert checked.split is not None, checked.reason
        image, mask = (np.asarray(Image.open(folder / kind / f"{checked.name}.png")) for kind in ("images", "masks"))
        sampling = replace(RESIZE, size=FUNDUS_DEMO.config.data.image_size)
        splits[checked.split].append(
            make_case(checked.name, checked.name, image, mask[None] > 0, None, sampling, UNIT, 2)
        )
    return SiteData(folder.name, *(tuple(splits[split]) for split in ("train", "val", "test")))


@pytest.fixture(scope="module")
def probabilities(sites: dict[str, SiteData]) -> dict[str, torch.Tensor]:
    """By clinic, [test cases, training clinics], after the rounds in which the selector is learned and calibrated."""
    slugs = tuple(site.slug for site in TRAINING)
    plan = small_plan(slugs, sampling=replace(RESIZE, size=FUNDUS_DEMO.config.data.image_size))
    state: dict[str, dict[str, torch.Tensor]] = {}
    for round_ in (1, 2):
        updates = {s: SELECTOR.site_update(state, (sites[s],), s, round_, plan, lambda _: None) for s in slugs}
        state |= SELECTOR.aggregate(state, updates, {}, plan)
    return {slug: SELECTOR.probabilities(state.__getitem__, data.test, plan) for slug, data in sites.items()}


def test_the_selector_is_usually_right_and_confuses_only_the_two_that_share_a_camera(
    probabilities: dict[str, torch.Tensor],
) -> None:
    slugs = [site.slug for site in TRAINING]
    chosen = [(slug, slugs[int(row.argmax())]) for slug in slugs for row in probabilities[slug]]
    wrong = {(own, other) for own, other in chosen if own != other}
    accuracy = np.mean([own == other for own, other in chosen])
    assert 0.85 <= accuracy <= 0.95, chosen
    assert wrong == {(ASTER.slug, ELM.slug), (ELM.slug, ASTER.slug)}


def test_the_threshold_has_something_to_decide(probabilities: dict[str, torch.Tensor]) -> None:
    unsure = {slug: int((rows.max(dim=1).values <= GAMMA).sum()) for slug, rows in probabilities.items()}
    assert unsure[ASTER.slug] >= 2
    assert unsure[ELM.slug] >= 2


def test_images_of_the_clinic_that_never_trained_go_to_the_global_model(probabilities: dict[str, torch.Tensor]) -> None:
    assert len(probabilities[FIR.slug]) > 0
    assert (probabilities[FIR.slug].max(dim=1).values < 0.5).all()
