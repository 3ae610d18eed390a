"""Federated averaging on `benchmarks.workload` through Flower and NVIDIA FLARE, against the floor of the plain loop.

    python -m benchmarks.peers [--peers flower flare] [--repeats 3] [--environments FOLDER] [--json FILE]

Each framework gets an environment of its own, made by pip by name; torch and MONAI are the ones of this environment,
so that the network computes the same. Network, batches, rounds, validation and images are those of
`benchmarks.plain_loop`, whose functions they call, with one thread a process. *seconds* is from the framework's start
of the job to its last validation; *warm* is the number of rounds times the mean of all rounds but the first, in which
processes load torch and read the images. The floor runs before each, in the same minute.
"""

import argparse
import json
import os
import subprocess
import sys
import sysconfig
import tempfile
import venv
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import record, workload
from benchmarks.rounds import run_floor
from worker.process.settings import num_usable_cores

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 900.0


@dataclass(frozen=True)
class Peer:
    """script: below this folder; it prints its figures as JSON in its last line."""

    label: str
    requirement: str
    distribution: str
    script: str


PEERS = {
    "flower": Peer("Flower", "flwr[simulation]", "flwr", "flower_job.py"),
    "flare": Peer("NVIDIA FLARE", "nvflare", "nvflare", "flare_job.py"),
}


def main() -> None:
    options = _parse()
    with tempfile.TemporaryDirectory(prefix="fedsm-peers-") as name:
        folder = Path(name)
        workload.write_sites(folder / "sites")
        environments = options.environments or folder / "environments"
        pythons = {peer: environment_of(PEERS[peer], environments / peer) for peer in options.peers}
        turns = [
            (peer, _turn(PEERS[peer], pythons[peer], folder / f"{peer}-{number}", folder / "sites", options))
            for number in range(options.repeats)
            for peer in options.peers
        ]
    found = [_medians(peer, [turn for name, turn in turns if name == peer]) for peer in options.peers]
    result = record.about("benchmarks.peers") | {
        "rounds": options.rounds,
        "batch_size": options.batch_size,
        "repeats": options.repeats,
        "peers": found,
    }
    print(_table(result))
    if options.json is not None:
        record.write(options.json, result)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--environments", type=Path, help="where the environments are made, and kept for the next time")
    parser.add_argument("--json", type=Path, help="a file for the figures, with commit, date and device")
    return parser.parse_args()


def environment_of(peer: Peer, folder: Path) -> Path:
    """The interpreter of an environment with the framework, made where it is not there. Raises CalledProcessError."""
    python, ours = folder / "bin" / "python", folder / "ours.txt"
    if not ours.exists():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", peer.requirement], check=True, stdout=sys.stderr)
        # Named last, so that the framework finds its own versions of what both have.
        (site_packages(python) / "torch_of_fedsm.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
        ours.write_text(peer.requirement)
    return python


def site_packages(python: Path) -> Path:
    command = [str(python), "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"]
    return Path(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())


def _turn(peer: Peer, python: Path, folder: Path, sites: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Raises RuntimeError where the framework's job fails."""
    folder.mkdir()
    floor_seconds, _ = run_floor(sites, options.rounds, options.batch_size, num_models=1)
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        # Neither framework tells its makers of this run.
        "FLWR_TELEMETRY_ENABLED": "0",
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    arguments = [sites, options.rounds, options.batch_size, num_usable_cores(), len(workload.SITES), folder]
    script = Path(__file__).parent / peer.script
    done = subprocess.run(
        [python, script, *map(str, arguments)],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(
            f"{peer.label} ended with exit code {done.returncode}:\n{(done.stdout + done.stderr)[-4000:]}"
        )
    figures: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    print(f"{peer.label}: {figures}, floor {floor_seconds:.1f} s", file=sys.stderr)
    return figures | {"floor": floor_seconds}


def _medians(name: str, turns: list[dict[str, Any]]) -> dict[str, Any]:
    keys = ("seconds", "warm_seconds", "floor", "dice")
    ratios = {
        "ratio": [turn["seconds"] / turn["floor"] for turn in turns],
        "warm_ratio": [turn["warm_seconds"] / turn["floor"] for turn in turns],
    }
    return (
        {"peer": PEERS[name].label, "version": turns[0]["version"]}
        | {key: round(median(turn[key] for turn in turns), 3) for key in keys}
        | {key: round(median(values), 2) for key, values in ratios.items()}
        | {f"{key}_from_to": [round(min(values), 2), round(max(values), 2)] for key, values in ratios.items()}
    )


def _table(result: dict[str, Any]) -> str:
    lines = [f"{result['command']}, {result['commit']}, {result['date']}, {result['device']}", ""]
    lines += ["| framework | seconds | warm | floor | of the floor | warm, of the floor | Dice |", "|---|" + "--:|" * 6]
    lines += [
        f"| {each['peer']} {each['version']} | {each['seconds']:.1f} | {each['warm_seconds']:.1f} | "
        f"{each['floor']:.1f} | {each['ratio']:.2f} | {each['warm_ratio']:.2f} | {each['dice']:.3f} |"
        for each in result["peers"]
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
