"""What a round costs with a hundred simulated sites of few images, and whether it stays the same over the rounds.

    python -m benchmarks.load.sites [--rounds 10] [--networks small usual] [--sites 100] [--json FILE]

The platform is the one that `fedsm up` starts, with a single-threaded worker process a core; each site has five
training images and two of validation, and federated averaging goes over all of them. *More* is what the platform takes
for a site's round beyond its training and validation, which one process is timed with alone: by processor time of
worker and backend together, and by the clock of a process. `--rounds 100` with the usual network takes half an hour on
two cores.
"""

import argparse
import os
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from backend.contracts.methods.references import FedAvgConfig
from backend.contracts.status import TERMINAL_RUN_STATUSES, DatasetStatus
from backend.contracts.tasks import SplitFractions
from backend.datasets.schemas import DatasetCreate
from backend.sites.schemas import SiteCreate
from benchmarks import record, workload
from benchmarks.memory import cpu_seconds
from benchmarks.site_round import SMALL, USUAL, costs
from fedsm.client import Client
from fedsm.local.home import Home
from fedsm.local.launch import Options, running_platform
from worker.process.settings import num_usable_cores
from worker.process.toolbox import prepare_process

NETWORKS = {"small": SMALL, "usual": USUAL}
#: Five training images, two of validation and one for the test.
NUM_CASES, NUM_TRAIN = 8, 5
FRACTIONS = SplitFractions(train=0.625, val=0.25)
BATCH_SIZE = 4
LOOK_SECONDS = 0.1
#: Rounds whose mean is shown: the first is left out, for processes load their libraries and images in it.
WINDOWS = ((2, 10), (11, 30), (31, 60), (61, 100))


@dataclass(frozen=True)
class Ended:
    """When a round was seen to have ended, and what worker and backend had computed until then, in seconds."""

    clock: float
    worker: float
    backend: float


@dataclass(frozen=True)
class Window:
    """Means over rounds. seconds: of a round; the rest: milliseconds of a site's round."""

    first: int
    last: int
    seconds: float
    worker_ms: float
    backend_ms: float
    more_cpu_ms: float
    more_clock_ms: float


def main() -> None:
    options = _parse()
    results: list[dict[str, Any]] = []
    for name in options.networks:
        with tempfile.TemporaryDirectory(prefix="fedsm-sites-") as folder:
            alone = _alone_ms(Path(folder) / "alone", NETWORKS[name])
            ends = _rounds(Path(folder), NETWORKS[name], options)
        windows = windows_of(ends, options.sites, num_usable_cores(), alone)
        results.append({"network": name, "alone_ms": round(alone, 1), "windows": [asdict(each) for each in windows]})
    result = record.about("benchmarks.load.sites") | {
        "sites": options.sites,
        "rounds": options.rounds,
        "networks": results,
    }
    print(_table(result))
    if options.json is not None:
        record.write(options.json, result)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10, choices=range(2, 101), metavar="2..100")
    parser.add_argument("--sites", type=int, default=100)
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS), help="60 kB and 6.5 MB")
    parser.add_argument("--json", type=Path, help="a file for the figures, with commit, date and device")
    return parser.parse_args()


def _alone_ms(folder: Path, channels: tuple[int, ...]) -> float:
    """A site's training and validation by processor time, in a process that has done them before."""
    folder.mkdir()
    prepare_process()
    return median(cost.training + cost.validation for cost in costs(folder, FedAvgConfig(), channels, rounds=3))


def _rounds(folder: Path, channels: tuple[int, ...], options: argparse.Namespace) -> list[Ended]:
    """The start, and the end of each round. Raises RuntimeError where the run fails."""
    slugs = [f"site-{number:03d}" for number in range(options.sites)]
    folders = workload.write_sites(folder / "sites", NUM_CASES, slugs)
    config = workload.config(FedAvgConfig(), options.rounds, BATCH_SIZE)
    config = config.model_copy(update={"network": config.network.model_copy(update={"channels": channels})})
    with (
        running_platform(Home(folder / "home"), Options(port=0, concurrency=num_usable_cores()), _say) as (platform, _),
        platform.client() as client,
    ):
        federation = client.create_federation("Many sites", "", workload.TASK)
        _add_sites(client, federation.id, folders)
        experiment = client.create_experiment(federation.id, "Rounds", config)
        run = client.start_experiment(experiment.id).runs[0]
        ends: list[Ended] = []
        while len(ends) <= options.rounds:
            if run.status in TERMINAL_RUN_STATUSES:
                raise RuntimeError(run.failure or f"the run is {run.status} after {len(ends) - 1} rounds")
            if run.round >= 1 and len(ends) <= run.num_finished_rounds:
                missed = run.num_finished_rounds + 1 - len(ends)
                ends += [
                    Ended(time.monotonic(), *(cpu_seconds(os.getpid(), (name,)) for name in ("worker", "backend")))
                ] * missed
            time.sleep(LOOK_SECONDS)
            run = client.run(run.id)
        client.act_on_run(run.id, "cancel")
    return ends


def _add_sites(client: Client, federation_id: str, folders: dict[str, Path]) -> None:
    datasets = []
    for slug, folder in folders.items():
        site = client.create_site(federation_id, SiteCreate(name=slug, slug=slug))
        body = DatasetCreate(name="cases", folder=str(folder), fractions=FRACTIONS)
        datasets.append(client.register_dataset(site.id, body))
    for dataset in datasets:
        while (found := client.dataset(dataset.id)).status == DatasetStatus.CHECKING:
            time.sleep(0.2)
        if found.num_cases.get("train") != NUM_TRAIN:
            raise RuntimeError(f"{found.folder} has {found.num_cases} cases, {found.error}")


def windows_of(ends: list[Ended], num_sites: int, num_processes: int, alone_ms: float) -> list[Window]:
    """ends: the start, then each round's end. Windows that have no whole round are left out."""
    found = []
    for first, last in WINDOWS:
        stop = min(last, len(ends) - 1)
        if stop < first:
            break
        rounds = stop - first + 1
        of_each = [
            (getattr(ends[stop], name) - getattr(ends[first - 1], name)) / rounds
            for name in ("clock", "worker", "backend")
        ]
        seconds, worker, backend = of_each
        worker_ms, backend_ms = 1000 * worker / num_sites, 1000 * backend / num_sites
        found.append(
            Window(
                first,
                stop,
                round(seconds, 2),
                round(worker_ms, 1),
                round(backend_ms, 1),
                round(worker_ms + backend_ms - alone_ms, 1),
                round(1000 * seconds * num_processes / num_sites - alone_ms, 1),
            )
        )
    return found


def growth_of(windows: list[Window]) -> float:
    """Processor time of a round in the last window, in parts of the first's: 1 is flat."""
    first, last = (each.worker_ms + each.backend_ms for each in (windows[0], windows[-1]))
    return last / first


def _table(result: dict[str, Any]) -> str:
    heads = ("network", "rounds", "s a round", "alone", "worker", "backend", "more, CPU", "more, clock")
    lines = [f"{result['command']}, {result['commit']}, {result['date']}, {result['device']}", ""]
    lines += [f"| {' | '.join(heads)} |", "|---|---|" + "--:|" * (len(heads) - 2)]
    for network in result["networks"]:
        windows = [Window(**each) for each in network["windows"]]
        for each in windows:
            lines.append(
                f"| {network['network']} | {each.first} to {each.last} | {each.seconds} | {network['alone_ms']} | "
                f"{each.worker_ms} | {each.backend_ms} | {each.more_cpu_ms} | {each.more_clock_ms} |"
            )
        lines.append(f"| {network['network']} | last to first | {growth_of(windows):.2f} | | | | | |")
    return "\n".join(lines)


def _say(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    main()
