"""Every shipped template: it fits the contract, and each of its methods runs for a round or two on miniature data.

What is small is the data (two sites of three cases, or seven for a closed-form selector, of few pixels), the number of
rounds, the hidden layers of VGG-11, and of full-resolution patches in 3D the side, the number and the windows' overlap;
the network, any other size that it sees, the optimizer and the selectors are the template's own.
"""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from typer.testing import CliRunner

from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.selector_configs import LdaSelector, Vgg11Selector
from backend.contracts.strategy_configs import StrategyConfig
from backend.contracts.task_definition import SegmentationTask, Structure
from backend.contracts.tasks import RunSpec
from backend.experiment_templates.service import template_files
from fedsm.cli.app import app
from fedsm.experiment_file import read_experiment_file
from fedsm.public_datasets import DATASETS
from fedsm.synthetic_fundus import FUNDUS_TASK, make_fundus_case
from fedsm.synthetic_fundus import SITES as FUNDUS_SITES
from fedsm.synthetic_prostate import PROSTATE_TASK, make_prostate_case
from fedsm.synthetic_prostate import SITES as PROSTATE_SITES
from worker.engine.data import Case, SiteData
from worker.engine.evaluation import evaluate
from worker.engine.federation import run_rounds
from worker.engine.transforms import make_case
from worker.jobs.build import build_intensity, build_plan, build_sampling, build_strategy, label_values

TEMPLATES = template_files()
#: Training cases of a site: what the closed-form selector needs, and for templates without it one.
NUM_TRAIN, MIN_TRAIN = 5, 1
#: Those with the settings of the authors' reference code, for public data sets.
REFERENCE_TEMPLATES = ("prostate-six-sites", "fundus-four-sites")
#: As the head of the six-site template asks for: zones or none, one structure.
GLAND_TASK = SegmentationTask(
    modality="T2-weighted MR",
    dimensions=3,
    num_channels=1,
    structures=(Structure(name="prostate", label_values=(1, 2)),),
)


def fundus_case(config: ExperimentConfig, site: int, index: int, image_side: int = 48) -> Case:
    image, mask = make_fundus_case(FUNDUS_SITES[site], index, seed=0, image_side=image_side)
    return engine_case(config, FUNDUS_TASK, f"{site}-{index}", image, mask, None)


def two_slices(config: ExperimentConfig, site: int, index: int) -> Case:
    """Of the middle of a volume, so that a round on slices is short."""
    case = make_prostate_case(PROSTATE_SITES[site], index, seed=0, detail=0.5)
    middle = int(np.nonzero(case.mask)[0].mean())
    window = slice(middle, middle + 2)
    image, mask = case.image[window, ..., None], case.mask[window]
    return engine_case(config, GLAND_TASK, f"{site}-{index}", image, mask, case.grid.spacing)


def whole_volume(config: ExperimentConfig, site: int, index: int) -> Case:
    case = make_prostate_case(PROSTATE_SITES[site], index, seed=0, detail=0.5)
    return engine_case(config, PROSTATE_TASK, f"{site}-{index}", case.image[..., None], case.mask, case.grid.spacing)


def engine_case(
    config: ExperimentConfig,
    task: SegmentationTask,
    name: str,
    image: np.ndarray,
    mask: np.ndarray,
    spacing: tuple[float, ...] | None,
) -> Case:
    structures = np.stack([np.isin(mask, values) for values in label_values(task)])
    sampling, intensity = build_sampling(config.data), build_intensity(config.data)
    return make_case(name, name, image, structures, spacing, sampling, intensity, config.network.spatial_dims)


#: What a template's name begins with, to the data it is for.
DATA: dict[str, tuple[SegmentationTask, Callable[[ExperimentConfig, int, int], Case]]] = {
    "prostate": (GLAND_TASK, two_slices),
    "volumes": (PROSTATE_TASK, whole_volume),
    "fundus": (FUNDUS_TASK, fundus_case),
    "quick": (FUNDUS_TASK, fundus_case),
    "fedsm": (FUNDUS_TASK, fundus_case),
    "vessels": (FUNDUS_TASK, partial(fundus_case, image_side=160)),  # more than one window
}


def sites_for(
    name: str, config: ExperimentConfig, strategy: StrategyConfig
) -> tuple[SegmentationTask, dict[str, SiteData]]:
    task, make = DATA[name.partition("-")[0]]
    is_closed_form = isinstance(strategy, FedSMConfig) and isinstance(strategy.selector, LdaSelector)
    num_train = NUM_TRAIN if is_closed_form else MIN_TRAIN
    sites = {}
    for position, slug in enumerate(("first", "second")):
        cases = tuple(make(config, position, index) for index in range(num_train + 2))
        sites[slug] = SiteData(slug, cases[:num_train], cases[num_train:-1], cases[-1:])
    return task, sites


def is_slow(config: ExperimentConfig) -> bool:
    """A step on full-resolution patches in 3D takes a second."""
    return config.data.sampling == "patches" and config.network.spatial_dims == 3


def shortened(config: ExperimentConfig, strategy: StrategyConfig) -> ExperimentConfig:
    """One round, and one before those in which FedSM pulls nothing; where a step is slow, as few steps and windows as
    there can be, of a quarter of the side."""
    data = {"patches_per_case": 1, "overlap": 0.0, "image_size": config.data.image_size // 4} if is_slow(config) else {}
    rounds = 1 + (strategy.rounds_without_pull if isinstance(strategy, FedSMConfig) else 0)
    return config.model_copy(
        update={
            "strategies": (strategy,),
            "schedule": config.schedule.model_copy(update={"rounds": rounds}),
            "data": config.data.model_copy(update=data),
        }
    )


def every_method() -> list[object]:
    contents = {name: read_experiment_file(path).config for name, path in TEMPLATES.items()}
    return [
        pytest.param(
            name,
            position,
            marks=pytest.mark.slow if is_slow(config) else (),
            id=f"{name}-{position}-{strategy.name}",
        )
        for name, config in contents.items()
        for position, strategy in enumerate(config.strategies)
    ]


def test_the_templates_are_there() -> None:
    assert set(TEMPLATES) == {
        "prostate-six-sites",
        "fundus-four-sites",
        "quick-look",
        "fedsm-by-validation",
        "volumes-quick-look",
        "volumes-patches",
        "vessels-patches",
    }


@pytest.mark.parametrize("path", TEMPLATES.values(), ids=TEMPLATES)
def test_a_template_says_what_it_is_for(path: Path) -> None:
    """A comment head that names the federation, and no path of a machine."""
    text = path.read_text(encoding="utf-8")
    head = text[: text.index("\nname:")]
    assert all(line.startswith("#") for line in head.splitlines())
    assert "Federation:" in head
    assert read_experiment_file(path).description


@pytest.mark.parametrize("path", TEMPLATES.values(), ids=TEMPLATES)
def test_the_data_sets_that_a_template_names_can_be_prepared(path: Path) -> None:
    named = re.findall(r"fedsm prepare ([a-z0-9-]+)", path.read_text(encoding="utf-8"))
    assert set(named) <= {dataset.name for dataset in DATASETS}
    assert bool(named) == (path.stem in (*REFERENCE_TEMPLATES, "vessels-patches"))


@pytest.mark.parametrize("name", REFERENCE_TEMPLATES)
def test_the_settings_are_the_reference_codes(name: str) -> None:
    """The list of the design's algorithm.md, 'Defaults'; all but the data's are the contract's defaults as well."""
    config = read_experiment_file(TEMPLATES[name]).config
    assert config.schedule == type(config.schedule)()
    assert config.network == type(config.network)(spatial_dims=2)
    fedsm = config.strategies[0]
    assert isinstance(fedsm, FedSMConfig)
    assert (fedsm.lambda_, fedsm.gamma, fedsm.selector) == (0.7, 0.9, Vgg11Selector())
    assert config.data.image_size == 256
    if name == "prostate-six-sites":
        assert (config.data.intensity, config.data.window, config.data.slices) == ("window", (0, 2048), "foreground")


@pytest.mark.usefixtures("narrow_vgg")
@pytest.mark.parametrize(("name", "position"), every_method())
def test_each_method_runs_on_miniature_data(name: str, position: int) -> None:
    torch.set_num_threads(1)
    config = read_experiment_file(TEMPLATES[name]).config
    strategy = config.strategies[position]
    short = shortened(config, strategy)
    task, sites = sites_for(name, short, strategy)
    run = RunSpec(run_id="run", config=short, strategy=strategy, seed=0, task=task, sites=tuple(sites))
    plan, engine = build_plan(run, torch.device("cpu")), build_strategy(strategy)
    first, *_, last = run_rounds(engine, sites, plan)
    assert not last.refused
    part = next(part for part in first.state if part == "global" or part.startswith("personalized/"))
    assert any(not torch.equal(first.state[part][key], last.state[part][key]) for key in first.state[part])
    evaluated = tuple(evaluate(engine, last.state.keys(), last.state.__getitem__, tuple(sites.values()), plan))
    assert {case.site for case in evaluated} == set(sites)
    assert all((case.route is not None) == isinstance(strategy, FedSMConfig) for case in evaluated)


def test_the_command_prints_what_create_reads(tmp_path: Path) -> None:
    printed = CliRunner().invoke(app, ["experiment", "templates", "quick-look"])
    assert printed.exit_code == 0
    lines = TEMPLATES["quick-look"].read_text(encoding="utf-8").splitlines(keepends=True)
    described = [line for line in lines if line.startswith("description:")]
    assert len(described) == 1
    assert printed.stdout == "".join(line for line in lines if line not in described)
    (tmp_path / "mine.yaml").write_text(printed.stdout)
    template = read_experiment_file(TEMPLATES["quick-look"])
    assert read_experiment_file(tmp_path / "mine.yaml") == template.model_copy(update={"description": ""})
    listed = CliRunner().invoke(app, ["experiment", "templates", "--json"])
    assert [entry["name"] for entry in yaml.safe_load(listed.stdout)] == sorted(TEMPLATES)
    unknown = CliRunner().invoke(app, ["experiment", "templates", "slow-look"])
    assert unknown.exit_code == 2
    assert "quick-look" in unknown.output
