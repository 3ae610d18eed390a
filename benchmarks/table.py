"""README's table of what the platform costs, from the results that are kept in `benchmarks/results/`.

    python -m benchmarks.table [--write]

prints it; `--write` puts it between README's two marks. `benchmarks.rounds --json benchmarks/results/rounds.json` and
`benchmarks.peers --json benchmarks/results/peers.json` make the results.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from benchmarks.record import RESULTS

README = Path(__file__).resolve().parents[1] / "README.md"
BEGIN, END = "<!-- printed by python -m benchmarks.table -->", "<!-- end of the printed table -->"
Result = dict[str, Any]


def table(rounds: Result, peers: Result | None) -> str:
    """rounds, peers: what `benchmarks.rounds` and `benchmarks.peers` wrote; peers is None where it was not run."""
    middle = rounds["median"]
    lines = [
        f"`{rounds['command']}`, {rounds['date']}, commit {commit_of(rounds)}, on {rounds['device']}: medians of "
        f"{rounds['repeats']} turns, in which all took their turn; in brackets from the least to the most.",
        "",
        "| the same work | seconds | of the floor |",
        "|---|--:|--:|",
        f"| FedAvg, {rounds['rounds']} rounds with batches of {rounds['batch_size']}: the floor, a plain loop as one "
        f"single-threaded process a core | {middle['floor']:.1f} | 1 |",
        f"| a plain PyTorch loop at its best number of threads | {middle['loop']:.1f} | "
        f"{middle['loop'] / middle['floor']:.2f} |",
        f"| the running platform | {middle['platform']:.1f} | {_spread(rounds, 'ratio_to_floor')} |",
        *_peer_rows(rounds, peers),
        f"| a FedSM round: its bare trainings | {middle['fedsm_trainings_a_round']:.1f} | |",
        f"| a FedSM round on the platform | {middle['fedsm_platform_a_round']:.1f} | {_spread(rounds, 'fedsm_ratio')} "
        "of its trainings |",
        "",
        f"By processor time the platform takes {_spread(rounds, 'ratio_of_work')} of the floor's work. Peak memory: "
        f"backend {middle['backend_peak_mb']:.0f} MB, worker with all its processes {middle['worker_peak_mb']:.0f} MB.",
    ]
    if peers is not None:
        lines += [
            "",
            f"The frameworks ran by `{peers['command']}`, {peers['date']}, commit {commit_of(peers)}, each against the "
            "floor of the same minute; *warm* leaves out the first round, in which their processes load torch.",
        ]
    return "\n".join(lines)


def _peer_rows(rounds: Result, peers: Result | None) -> list[str]:
    """Raises ValueError where the frameworks did other work."""
    if peers is None:
        return []
    for name in ("rounds", "batch_size"):
        if peers[name] != rounds[name]:
            raise ValueError(f"{name} is {peers[name]} of the frameworks and {rounds[name]} of the platform")
    return [
        f"| {peer['peer']} {peer['version']} | {peer['seconds']:.1f} | {peer['ratio']:.2f} "
        f"({peer['ratio_from_to'][0]:.2f} to {peer['ratio_from_to'][1]:.2f}), warm {peer['warm_ratio']:.2f} |"
        for peer in peers["peers"]
    ]


def _spread(result: Result, name: str) -> str:
    return f"{result['median'][name]:.2f} ({result['least'][name]:.2f} to {result['most'][name]:.2f})"


def commit_of(result: Result) -> str:
    """Without the release: seven digits, and `.dirty` where files had been changed."""
    _, _, commit = result["commit"].partition("+g")
    digits, dot, dirty = commit.partition(".")
    return f"{digits[:7]}{dot}{dirty}"


def kept_table() -> str:
    """Of the results that are kept. Raises FileNotFoundError without those of the rounds."""
    peers = RESULTS / "peers.json"
    return table(_read(RESULTS / "rounds.json"), _read(peers) if peers.exists() else None)


def _read(path: Path) -> Result:
    result: Result = json.loads(path.read_text(encoding="utf-8"))
    return result


def between_marks(text: str) -> str:
    """Raises ValueError where a mark is missing."""
    return text[text.index(BEGIN) + len(BEGIN) : text.index(END)].strip("\n")


def with_table(text: str, printed: str) -> str:
    """The text with another table between its marks. Raises ValueError where a mark is missing."""
    return text[: text.index(BEGIN) + len(BEGIN)] + f"\n{printed}\n" + text[text.index(END) :]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put it into README")
    options = parser.parse_args()
    printed = kept_table()
    print(printed)
    if options.write:
        README.write_text(with_table(README.read_text(encoding="utf-8"), printed), encoding="utf-8")


if __name__ == "__main__":
    main()
