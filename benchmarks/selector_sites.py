"""The sites on which model selectors are compared: three kinds of invented ones, and real photographs of vessels.

`near-fundus` are the synthetic fundus sites with cameras and patients moved nearly to their common mean: there a
selector cannot be sure, which is what calibration, the threshold gamma and soft routing are for. Annotators stay as
they are.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from PIL import Image

from fedsm import synthetic_fundus as synthetic
from fedsm import synthetic_prostate
from fedsm.synthetic_fundus.anatomy import draw_eye
from fedsm.synthetic_fundus.annotators import annotate
from fedsm.synthetic_fundus.camera import photograph
from fedsm.synthetic_fundus.retina import render_retina
from fedsm.synthetic_fundus.sites import FundusSite
from fedsm.synthetic_prostate import PROSTATE_TASK, make_prostate_case
from fedsm.synthetic_prostate import SITES as HOSPITALS
from worker.engine.data import Case, SiteData
from worker.engine.losses import DiceBce
from worker.engine.networks.settings import UNetSettings
from worker.engine.optimizers import OptimizerSettings
from worker.engine.plan import Plan
from worker.engine.sampling import Sampling
from worker.engine.transforms import Intensity, make_case
from worker.jobs.build import label_values

DataName = Literal["fundus", "near-fundus", "vessels", "prostate"]
DATA: tuple[DataName, ...] = ("fundus", "near-fundus", "vessels", "prostate")
DRAWN_SIDE, SIDE, DEPTH = 128, 64, 8
#: Vessels are gone at 64 pixels.
VESSELS_SIDE = 128
#: How far near-fundus sites are moved to their mean.
NEARNESS = 0.95
#: Of each hospital; the shipped ones have fewer, too few to compare selectors by.
NUM_PROSTATES = 20
TRAIN_SHARE, VAL_SHARE = 0.5, 0.2
ADAM = OptimizerSettings(
    name="adam",
    learning_rate=4e-3,
    momentum=0.0,
    weight_decay=0.0,
    state="keep",
    schedule="constant",
    warmup_rounds=0,
    step_rounds=1,
    step_factor=0.1,
    power=0.9,
    gradient_clipping=None,
    mixed_precision=False,
)
RESIZE = Sampling(
    mode="resize",
    size=SIDE,
    depth=DEPTH,
    spacing=None,
    patches_per_case=1,
    foreground_share=0.5,
    overlap=0.5,
    slices="all",
)


@dataclass(frozen=True)
class Federation:
    name: DataName
    sites: dict[str, SiteData]
    plan: Plan

    @property
    def test_cases(self) -> list[tuple[int, Case]]:
        """With the index of their site."""
        return [(index, case) for index, site in enumerate(self.sites.values()) for case in site.test]


def without(federation: Federation, site: str) -> Federation:
    """The federation of the other sites."""
    sites = {slug: data for slug, data in federation.sites.items() if slug != site}
    return Federation(federation.name, sites, replace(federation.plan, sites=tuple(sites)))


def make_federation(name: DataName, seed: int, rounds: int, vessels: Path, side: int = SIDE) -> Federation:
    """Every case knows its patient, whose cases stay in one split. side: pixels of a volume's slices.

    Raises FileNotFoundError where the vessels are not in their folder.
    """
    match name:
        case "fundus":
            drawn = {site.slug: _fundus_cases(index, site, seed) for index, site in enumerate(synthetic.SITES)}
        case "near-fundus":
            drawn = {site.slug: _fundus_cases(index, site, seed) for index, site in enumerate(near_sites(NEARNESS))}
        case "vessels":
            folders = sorted(folder for folder in vessels.iterdir() if (folder / "images").is_dir())
            drawn = {folder.name: list(_vessel_cases(folder)) for folder in folders}
        case "prostate":
            drawn = {site.slug: list(_prostate_cases(site, seed, side)) for site in HOSPITALS}
    draws = np.random.default_rng([seed, 1])
    sites = {slug: _split(slug, cases, draws) for slug, cases in drawn.items()}
    return Federation(name, sites, _plan(name, tuple(sites), seed, rounds, side))


def near_sites(nearness: float) -> tuple[FundusSite, ...]:
    """The fundus sites with every number of camera and patients moved to the sites' mean by this share."""
    cameras = _moved([site.camera for site in synthetic.SITES], nearness)
    patients = _moved([site.eyes for site in synthetic.SITES], nearness)
    return tuple(
        replace(site, camera=camera, eyes=eyes)
        for site, camera, eyes in zip(synthetic.SITES, cameras, patients, strict=True)
    )


def _moved(settings: Sequence[Any], share: float) -> list[Any]:
    """Dataclasses of numbers and pairs of numbers."""

    def to_mean(own: Any, others: Sequence[Any]) -> Any:
        if isinstance(own, tuple):
            return tuple(to_mean(part, parts) for part, *parts in zip(own, *others, strict=True))
        moved = (1 - share) * own + share * sum(others) / len(others)
        return round(moved) if isinstance(own, int) else moved

    return [
        replace(
            own, **{f.name: to_mean(getattr(own, f.name), [getattr(o, f.name) for o in settings]) for f in fields(own)}
        )
        for own in settings
    ]


def _fundus_cases(index: int, site: FundusSite, seed: int) -> list[Case]:
    return [_fundus_case(index, site, seed, number) for number in range(site.num_cases)]


def _fundus_case(index: int, site: FundusSite, seed: int, number: int) -> Case:
    """As `make_fundus_case`, also for a site that is not one of the four."""
    draws = np.random.default_rng([seed, index, number])
    eye = draw_eye(draws, site.eyes, DRAWN_SIDE)
    image = photograph(draws, site.camera, render_retina(draws, eye, DRAWN_SIDE))
    mask = annotate(draws, site.annotator, eye, DRAWN_SIDE)
    name = f"{site.slug}-{number:03d}"
    planes = _planes(mask, label_values(synthetic.FUNDUS_TASK))
    return make_case(name, name, image, planes, None, RESIZE, Intensity("unit", 0, 1), 2, patient=name)


def _vessel_cases(folder: Path) -> Iterator[Case]:
    """CHASE_DB1's names end with L or R, a child's two eyes."""
    for path in sorted((folder / "images").iterdir()):
        image = np.asarray(Image.open(path).convert("RGB"))
        mask = np.asarray(Image.open(folder / "masks" / path.name))
        planes = _planes(mask, ((1,),))
        sampling = replace(RESIZE, size=VESSELS_SIDE)
        name = f"{folder.name}-{path.stem}"
        patient = name.rstrip("LR") if folder.name.startswith("chase") else name
        yield make_case(name, name, image, planes, None, sampling, Intensity("unit", 0, 1), 2, patient=patient)


def _prostate_cases(site: synthetic_prostate.ProstateSite, seed: int, side: int) -> Iterator[Case]:
    for number in range(NUM_PROSTATES):
        drawn = make_prostate_case(site, number, seed, 0.5)
        name, planes = f"{site.slug}-{number:03d}", _planes(drawn.mask, label_values(PROSTATE_TASK))
        intensity = Intensity("percentile", 0, 1)
        patient = f"{site.slug}-p{synthetic_prostate.patient_of(site, number)}"
        volume, spacing = drawn.image[..., None], drawn.grid.spacing
        sampling = replace(RESIZE, size=side)
        yield make_case(name, name, volume, planes, spacing, sampling, intensity, 3, patient=patient)


def _planes(mask: np.ndarray, labels: tuple[tuple[int, ...], ...]) -> np.ndarray:
    return np.stack([np.isin(mask, values) for values in labels])


def _split(slug: str, drawn: list[Case], draws: np.random.Generator) -> SiteData:
    """By patient, at random."""
    by_patient: dict[str, list[Case]] = defaultdict(list)
    for case in drawn:
        by_patient[str(case.patient)].append(case)
    patients = list(by_patient)
    order = draws.permutation(len(patients)).tolist()
    ends = round(TRAIN_SHARE * len(order)), round((TRAIN_SHARE + VAL_SHARE) * len(order))
    pick: Callable[[list[int]], tuple[Case, ...]] = lambda chosen: tuple(  # noqa: E731 (three uses, one line each)
        case for index in sorted(chosen) for case in by_patient[patients[index]]
    )
    return SiteData(slug, pick(order[: ends[0]]), pick(order[ends[0] : ends[1]]), pick(order[ends[1] :]))


def _plan(name: DataName, sites: tuple[str, ...], seed: int, rounds: int, side: int) -> Plan:
    structures = {"vessels": ("vessel",), "prostate": ("prostate", "transition zone")}.get(name, ("disc", "cup"))
    is_volume = name == "prostate"
    return Plan(
        sites=sites,
        seed=seed,
        structures=structures,
        num_channels=1 if is_volume else 3,
        spatial_dims=3 if is_volume else 2,
        network=UNetSettings((8, 16, 32, 64), 1, "instance"),
        sampling=replace(RESIZE, size={"vessels": VESSELS_SIDE, "prostate": side}.get(name, SIDE)),
        rounds=rounds,
        local_epochs=2,
        local_steps=None,
        batch_size=4,
        optimizer=ADAM,
        loss=DiceBce(),
        augmentation="none",
        weighting="cases",
        participation=1.0,
        refuse_outliers=False,
        nsd_tolerance=2.0,
        update_transforms=(),
        gather_transforms=(),
        late_average=None,
        device=torch.device("cpu"),
    )
