"""Where options of the gap are measured: sites that a selector tells apart, sites that it does not, and the demo's.

Data and split are drawn once, with one seed: seeds of a benchmark are those of the training, so that each of them is
tested on the same cases.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from backend.contracts.data_config import DataConfig
from backend.contracts.experiment_config import ExperimentConfig
from benchmarks.method_sites import DATA_SEED, SYNTHETIC_SIDE, VESSELS_SIDE, Workload, case_of, synthetic, vessels
from benchmarks.selector_sites import DEPTH, SIDE, DataName, make_federation
from fedsm.synthetic_fundus import FUNDUS_TASK, FundusSite, make_fundus_case
from fedsm.synthetic_fundus.demo_sites import DEMO_SITES, HELD_OUT, TRAINING
from fedsm.synthetic_prostate import PROSTATE_TASK
from worker.engine.data import Case, SiteData

#: Of a site's cases.
TRAIN_SHARE, VAL_SHARE = 0.5, 0.2
NAMES = ("synthetic", "near-fundus", "fundus", "demo", "prostate", "vessels")
#: Those of which the benchmarks take another image size.
SIZED = ("prostate", "vessels")


def workload(name: str, rounds: int, vessel_folder: Path | None, side: int | None = None) -> Workload:
    """side: pixels that a model sees, of volumes and vessels; None for the usual number.

    Raises ValueError for vessels without their folder, and for a side of other photographs.
    """
    if side is not None and name not in SIZED:
        raise ValueError(f"the image size of {name} is fixed: leave --image-size out")
    base = synthetic(rounds)
    match name:
        case "synthetic":
            return base
        case "near-fundus" | "fundus":
            return replace(base, name=name, load=_of_selectors(name, rounds))
        case "demo":
            data = base.config.data
            return replace(
                base, name="demo clinics", load=lambda: _demo(data, TRAINING), outside=lambda: _held_out_clinics(data)
            )
        case "prostate":
            data = DataConfig(image_size=side or SIDE, depth=DEPTH, intensity="percentile")
            config = _with(base.config, data=data, network=base.config.network.model_copy(update={"spatial_dims": 3}))
            return Workload(name, PROSTATE_TASK, config, _of_selectors("prostate", rounds, side or SIDE))
    if vessel_folder is None:
        raise ValueError("vessels are in a folder: give --vessels FOLDER")
    return vessels(vessel_folder, rounds, side or VESSELS_SIDE)


def _held_out_clinics(data: DataConfig) -> tuple[Case, ...]:
    return tuple(case for site in HELD_OUT for case in _drawn(site, data))


def _with(config: ExperimentConfig, **changes: object) -> ExperimentConfig:
    return ExperimentConfig.model_validate(config.model_copy(update=changes).model_dump(mode="json", by_alias=True))


def _of_selectors(name: DataName, rounds: int, side: int = SIDE) -> Callable[[], dict[str, SiteData]]:
    """The sites that selectors are compared on."""
    return lambda: make_federation(name, DATA_SEED, rounds, Path(), side).sites


def _demo(data: DataConfig, sites: Sequence[FundusSite]) -> dict[str, SiteData]:
    return {site.slug: _split(site.slug, _drawn(site, data)) for site in sites}


def _drawn(site: FundusSite, data: DataConfig) -> list[Case]:
    cases = []
    for index in range(site.num_cases):
        image, mask = make_fundus_case(site, index, DATA_SEED, SYNTHETIC_SIDE, DEMO_SITES)
        cases.append(case_of(f"{site.slug}-{index:02d}", image, mask, FUNDUS_TASK, data))
    return cases


def _split(slug: str, cases: Sequence[Case]) -> SiteData:
    ends = round(TRAIN_SHARE * len(cases)), round((TRAIN_SHARE + VAL_SHARE) * len(cases))
    return SiteData(slug, tuple(cases[: ends[0]]), tuple(cases[ends[0] : ends[1]]), tuple(cases[ends[1] :]))
