"""The demo's content, made through the public REST API: what it does, a user can do. Every step may be repeated."""

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.console import Console

from backend.contracts.data_config import DataConfig
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.methods.references import CentralizedConfig, FedAvgConfig, LocalOnlyConfig
from backend.contracts.network_configs import NetworkConfig
from backend.contracts.schedule_config import ScheduleConfig
from backend.contracts.status import DatasetStatus, RunStatus
from backend.contracts.task_definition import SegmentationTask
from backend.datasets.schemas import DatasetCreate, DatasetRecord
from backend.experiments.schemas import ExperimentRecord
from backend.federations.schemas import FederationRecord
from backend.sites.schemas import SiteCreate, SiteRecord
from fedsm.cli.results import print_results
from fedsm.cli.watch import follow, make_console, run_display
from fedsm.client import ApiError, Client
from fedsm.local.launch import Platform
from fedsm.synthetic_fundus import FUNDUS_TASK, write_fundus_sites
from fedsm.synthetic_fundus.demo_sites import DEMO_SITES, HELD_OUT

DATA_SEED = 7
IMAGE_SIDE = 160
CHECK_SECONDS = 120.0


@dataclass(frozen=True)
class Demo:
    """What a demo makes. folder: of its data, below the home; write: fills it with one folder a site."""

    folder: str
    write: Callable[[Path], list[str]]
    dataset: str
    task: SegmentationTask
    federation: str
    federation_description: str
    experiment: str
    experiment_description: str
    config: ExperimentConfig


FUNDUS_DEMO = Demo(
    folder="demo-data",
    write=lambda folder: write_fundus_sites(folder, seed=DATA_SEED, image_side=IMAGE_SIDE, sites=DEMO_SITES),
    dataset="Synthetic fundus",
    task=FUNDUS_TASK,
    federation="Fundus demo",
    federation_description=(
        "Six simulated eye clinics that photograph and outline the optic disc and cup differently. Aster and elm share "
        "a camera and outline differently; fir trains no model."
    ),
    experiment="FedSM and its baselines",
    experiment_description="The super model against its baselines, on the same data, network and schedule.",
    config=ExperimentConfig(
        data=DataConfig(image_size=96, intensity="unit", augmentation="none"),
        network=NetworkConfig(channels=(8, 16, 32, 64), num_residual_units=1),
        schedule=ScheduleConfig(rounds=30, local_epochs=2, batch_size=4, learning_rate=4e-3, loss="dice_bce"),
        strategies=(FedSMConfig(lambda_=0.9), FedAvgConfig(), LocalOnlyConfig(), CentralizedConfig()),
        seeds=(0,),
        held_out_sites=tuple(site.slug for site in HELD_OUT),
    ),
)


class DemoFailed(Exception):
    """Its text says what could not be made, and why."""


def run_demo(demo: Demo, platform: Platform, stopping: threading.Event) -> None:
    """Makes what is missing, then follows the experiment; the platform goes on whatever happens here."""
    console = make_console()
    try:
        with platform.client() as client:
            experiment = _prepare(client, demo, platform.home.folder / demo.folder, console, stopping)
            if experiment is not None:
                _follow(client, experiment, console, stopping)
    except (ApiError, DemoFailed, httpx.TransportError, OSError, ValueError) as error:
        if not stopping.is_set():
            console.print(f"The demo's content is not complete: {error}", style="red", markup=False)


def _prepare(
    client: Client, demo: Demo, folder: Path, console: Console, stopping: threading.Event
) -> ExperimentRecord | None:
    started = time.monotonic()
    site_folders = _write_data(demo, folder)
    federation = _ensure_federation(client, demo)
    sites = [_ensure_site(client, federation, path.name) for path in site_folders]
    datasets = {
        site.id: _ensure_dataset(client, demo, site, path) for site, path in zip(sites, site_folders, strict=True)
    }
    for site in sites:
        record = _await_check(client, datasets[site.id], stopping)
        if record is None:
            return None
        if record.status == DatasetStatus.FAILED:
            raise DemoFailed(f"the data of {site.name} was not accepted: {record.error}")
    experiment = _ensure_experiment(client, demo, federation)
    seconds = time.monotonic() - started
    console.print(
        f"Demo content is there after {seconds:.1f} s: {len(sites)} sites, {experiment.name!r}.", markup=False
    )
    return experiment


def _follow(client: Client, experiment: ExperimentRecord, console: Console, stopping: threading.Event) -> None:
    with run_display(console, as_json=False) as show:
        finished = follow(client, experiment.id, show, stopping)
    if finished is not None and any(run.status == RunStatus.COMPLETED for run in finished.runs):
        print_results(console, client.results(experiment.id))


def _write_data(demo: Demo, folder: Path) -> list[Path]:
    """The synthetic sites' folders, in site order; made once, and whole or not at all."""
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f"{demo.folder}-unfinished-"))
        try:
            demo.write(unfinished)
            os.rename(unfinished, folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return sorted(path for path in folder.iterdir() if path.is_dir())


def _ensure_federation(client: Client, demo: Demo) -> FederationRecord:
    for federation in client.federations():
        if federation.name == demo.federation:
            return federation
    return client.create_federation(demo.federation, demo.federation_description, demo.task)


def _ensure_site(client: Client, federation: FederationRecord, slug: str) -> SiteRecord:
    for site in federation.sites:
        if site.slug == slug:
            return site
    name = slug.replace("-", " ").capitalize()
    return client.create_site(federation.id, SiteCreate(name=name, slug=slug))


def _ensure_dataset(client: Client, demo: Demo, site: SiteRecord, folder: Path) -> DatasetRecord:
    for dataset in client.datasets(site.federation_id):
        if dataset.site_id == site.id:
            return dataset
    return client.register_dataset(site.id, DatasetCreate(name=demo.dataset, folder=str(folder)))


def _await_check(client: Client, dataset: DatasetRecord, stopping: threading.Event) -> DatasetRecord | None:
    """None when `stopping` was set first."""
    deadline = time.monotonic() + CHECK_SECONDS
    while not stopping.is_set():
        dataset = client.dataset(dataset.id)
        if dataset.status != DatasetStatus.CHECKING:
            return dataset
        if time.monotonic() > deadline:
            raise DemoFailed(f"checking the data of {dataset.site_name} takes longer than {CHECK_SECONDS:.0f} s")
        stopping.wait(0.2)
    return None


def _ensure_experiment(client: Client, demo: Demo, federation: FederationRecord) -> ExperimentRecord:
    """Starting is idempotent: what runs or has ended stays as it is."""
    experiments = [e for e in client.experiments(federation.id) if e.name == demo.experiment]
    if not experiments:
        created = client.create_experiment(federation.id, demo.experiment, demo.config, demo.experiment_description)
        experiments = [created]
    return client.start_experiment(experiments[0].id) if experiments[0].started_at is None else experiments[0]
