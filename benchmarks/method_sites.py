"""The sites on which methods are compared: synthetic photographs of four eye clinics, and real vessel photographs."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from backend.contracts.data_config import DataConfig
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.methods.references import FedAvgConfig
from backend.contracts.network_configs import NetworkConfig
from backend.contracts.schedule_config import ScheduleConfig
from backend.contracts.task_definition import SegmentationTask, Structure
from fedsm.synthetic_fundus import FUNDUS_TASK, SITES, make_fundus_case
from worker.engine.data import Case, SiteData
from worker.engine.transforms import make_case
from worker.jobs.build import build_intensity, build_sampling, label_values

#: Training, validation and test cases of each synthetic site: unequal, as sites are.
SYNTHETIC_TRAIN, SYNTHETIC_VAL, SYNTHETIC_TEST = (24, 18, 12, 6), 4, 10
SYNTHETIC_SIDE, VESSELS_SIDE = 128, 256
DATA_SEED = 7
VESSEL_TASK = SegmentationTask(num_channels=3, structures=(Structure(name="vessels", label_values=(1,)),))
#: CHASE_DB1 has two eyes of each child, Image_01L and Image_01R: the split is by these letters before the last.
CHASE = "chase_db1"


@dataclass(frozen=True)
class Workload:
    """What is trained on: the task, settings that all methods share, and how sites are made.

    outside: makes the cases of sites that train no model.
    """

    name: str
    task: SegmentationTask
    config: ExperimentConfig
    load: Callable[[], dict[str, SiteData]]
    outside: Callable[[], tuple[Case, ...]] = tuple


def held_out(workload: Workload, site: str) -> Workload:
    """The same without one of its sites, which trains no model: all of its cases are outside the federation.

    Its `load` raises ValueError for a name that is no site's.
    """

    def load() -> dict[str, SiteData]:
        sites = workload.load()
        if site not in sites:
            raise ValueError(f"{site} is none of the sites {', '.join(sites)}")
        return {name: data for name, data in sites.items() if name != site}

    def outside() -> tuple[Case, ...]:
        data = workload.load()[site]
        return (*data.train, *data.val, *data.test)

    return replace(workload, name=f"{workload.name} without {site}", load=load, outside=outside)


def synthetic(rounds: int) -> Workload:
    config = ExperimentConfig(
        data=DataConfig(image_size=64),
        network=NetworkConfig(channels=(8, 16, 32, 64), num_residual_units=1),
        schedule=ScheduleConfig(rounds=rounds, local_epochs=2, batch_size=4, learning_rate=4e-3, loss="dice_bce"),
        strategies=(FedAvgConfig(),),
    )
    return Workload("synthetic fundus", FUNDUS_TASK, config, lambda: _synthetic_sites(config.data))


def vessels(folder: Path, rounds: int, side: int = VESSELS_SIDE) -> Workload:
    """Sub-folders of `folder` are sites with images/ and masks/ of equal names. side: pixels that a model sees."""
    config = ExperimentConfig(
        data=DataConfig(image_size=side),
        network=NetworkConfig(channels=(8, 16, 32, 64), num_residual_units=1),
        schedule=ScheduleConfig(rounds=rounds, local_epochs=2, batch_size=4, learning_rate=2e-3, loss="dice_bce"),
        strategies=(FedAvgConfig(),),
    )
    return Workload("vessels", VESSEL_TASK, config, lambda: _vessel_sites(folder, config.data))


def _synthetic_sites(data: DataConfig) -> dict[str, SiteData]:
    sites = {}
    for site, train in zip(SITES, SYNTHETIC_TRAIN, strict=True):
        cases = []
        for index in range(train + SYNTHETIC_VAL + SYNTHETIC_TEST):
            image, mask = make_fundus_case(site, index, seed=DATA_SEED, image_side=SYNTHETIC_SIDE)
            cases.append(case_of(f"{site.slug}-{index:02d}", image, mask, FUNDUS_TASK, data))
        ends = (train, train + SYNTHETIC_VAL)
        sites[site.slug] = SiteData(
            site.slug, tuple(cases[: ends[0]]), tuple(cases[ends[0] : ends[1]]), tuple(cases[ends[1] :])
        )
    return sites


def _vessel_sites(folder: Path, data: DataConfig) -> dict[str, SiteData]:
    """60 % training, 15 % validation, 25 % test, by patient."""
    sites = {}
    for path in sorted(entry for entry in folder.iterdir() if (entry / "images").is_dir()):
        names = sorted(file.name for file in (path / "images").iterdir())
        patients = sorted({_patient(path.name, name) for name in names}, key=_shuffled)
        ends = (round(0.6 * len(patients)), round(0.75 * len(patients)))
        split = {patient: 0 if i < ends[0] else 1 if i < ends[1] else 2 for i, patient in enumerate(patients)}
        cases: tuple[list[Case], list[Case], list[Case]] = ([], [], [])
        for name in names:
            image = np.asarray(Image.open(path / "images" / name))
            mask = np.asarray(Image.open(path / "masks" / name)).astype(np.int32)
            patient = _patient(path.name, name)
            case = case_of(f"{path.name}/{name}", image, mask, VESSEL_TASK, data)
            cases[split[patient]].append(replace(case, patient=f"{path.name}/{patient}"))
        sites[path.name.replace("_", "-")] = SiteData(path.name.replace("_", "-"), *map(tuple, cases))
    return sites


def _patient(site: str, name: str) -> str:
    return name.rsplit(".", 1)[0][:-1] if site == CHASE else name


def _shuffled(patient: str) -> bytes:
    return hashlib.sha256(f"{DATA_SEED}:{patient}".encode()).digest()


def case_of(name: str, image: np.ndarray, mask: np.ndarray, task: SegmentationTask, data: DataConfig) -> Case:
    structures = np.stack([np.isin(mask, values) for values in label_values(task)])
    return make_case(name, name, image, structures, None, build_sampling(data), build_intensity(data), 2)
