"""A backend under the load of a hundred sites, two hundred viewers and fifty hospitals that wait for work.

    python -m benchmarks.load.live --minutes 10 [--home FOLDER] [--json FILE]

The backend is a process of its own on SQLite, over HTTP on loopback. Played workers report rounds of simulated sites,
experiment after experiment, at a bounded rate. Viewers follow all events, and each compares at the end what it was told
with what there is. Agents of hospitals wait in long polls. One browser asks for a page's data every half second. A line
a minute says what that cost. FOLDER may be one that `benchmarks.load.lists --home FOLDER` filled with years of work.
The load stops by itself after its minutes; the exit code is 1 where an event was lost or an answer was an error.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import queue
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from benchmarks import record
from benchmarks.load import players
from benchmarks.load.players import Asked
from benchmarks.load.served import Served, served_backend
from benchmarks.load.template import Template, play_template
from benchmarks.load.viewers import Followed, follow
from benchmarks.memory import cpu_seconds, cpu_seconds_of, tree_mb
from tests.backend.played_worker import PlayedWorker

MINUTE = 60.0
BACKEND = ("backend",)
#: Played workers, and rounds of the experiment that the pages show where nothing was filled before.
WORKERS, HISTORY_ROUNDS = 4, 30
#: Pages whose requests were slowest, that are printed.
SLOWEST = 8
#: What another process says: of whom, and what.
Said = tuple[str, Any]


@dataclass(frozen=True)
class Minute:
    """cpu: of the backend, in parts of one core; cpu_of_load: of those who ask it, on the same machine. p95_ms: of the
    browser's requests. tasks, polls: that ended."""

    minute: int
    cpu: float
    cpu_of_load: float
    megabytes: float
    p95_ms: float
    pages: int
    tasks: int
    polls: int


def main() -> int:
    options = _parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # who is ended ends its players
    with (
        tempfile.TemporaryDirectory(prefix="fedsm-live-") as name,
        served_backend(options.home or Path(name)) as served,
    ):
        history = _history(served, options.home)
        federation_id = players.add_sites(served, options.sites)
        result = record.about("benchmarks.load.live") | _load(served, history, federation_id, options)
    print(_summary(result))
    if options.json is not None:
        record.write(options.json, result)
    return 0 if result["followed"]["num_lost"] == 0 and result["errors"] == 0 else 1


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10, help="of the load; 240 at most")
    parser.add_argument("--viewers", type=int, default=200)
    parser.add_argument("--agents", type=int, default=50)
    parser.add_argument("--sites", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=30, help="of each experiment")
    parser.add_argument("--tasks-a-second", type=float, default=10, help="that played workers end, all together")
    parser.add_argument("--every", type=float, default=0.5, help="seconds between two requests of the browser")
    parser.add_argument("--home", type=Path, help="a state folder that benchmarks.load.lists has filled")
    parser.add_argument("--json", type=Path, help="a file for the figures, with commit, date and device")
    options = parser.parse_args()
    if not 0 < options.minutes <= 240:
        parser.error("--minutes is above 0 and at most 240")
    return options


def _history(served: Served, home: Path | None) -> Template:
    filled = None if home is None else home / "template.json"
    if filled is not None and filled.exists():
        return Template(**json.loads(filled.read_text(encoding="utf-8")))
    with served.worker() as client:
        return play_template(served, PlayedWorker(client, served.broker()), HISTORY_ROUNDS)


def _load(served: Served, history: Template, federation_id: str, options: argparse.Namespace) -> dict[str, Any]:
    """Starts everybody, watches for the minutes, and stops everybody: viewers last, when nothing happens any more."""
    context = multiprocessing.get_context("spawn")
    said: multiprocessing.Queue[Said] = context.Queue()
    over, all_over = context.Event(), context.Event()
    start = max((event["id"] for event in served.get("/events", limit=1)), default=0)
    viewers = context.Process(target=_view, args=(served.url, options.viewers, start, all_over, said))
    others = [
        context.Process(target=_work, args=(served, options.tasks_a_second, over, said)),
        context.Process(target=_wait_for_work, args=(served, options.agents, over, said)),
        context.Process(target=_experiment, args=(served, federation_id, options.rounds, over, said)),
        context.Process(target=_browse, args=(served, history, federation_id, options.every, over, said)),
    ]
    processes = [viewers, *others]
    for process in processes:
        process.start()
    try:
        asked, minutes = _watch(processes, said, options.minutes)
        over.set()
        _join(others, said)
        all_over.set()
        followed = _last(said)
        _join([viewers], said)
    finally:
        for process in processes:
            process.kill()
    good = [one.milliseconds for one in asked if one.ok]
    return {
        "viewers": options.viewers,
        "agents": options.agents,
        "sites": options.sites,
        "tasks_a_second": options.tasks_a_second,
        "followed": asdict(followed),
        "requests": len(good),
        "median_ms": round(statistics.median(good), 1),
        "p95_ms": round(percentile(good), 1),
        "errors": sum(one.is_error for one in asked),
        "growth_mb": growth([minute.megabytes for minute in minutes]),
        "slowest": _slowest(asked),
        "minutes": [asdict(minute) for minute in minutes],
    }


def _watch(
    processes: Sequence[SpawnProcess], said: "multiprocessing.Queue[Said]", num_minutes: float
) -> tuple[list[Asked], list[Minute]]:
    """Raises RuntimeError where one of the processes ended."""
    started = time.monotonic()
    asked: list[Asked] = []
    minutes: list[Minute] = []
    columns = ("minute", "CPU of a core", "CPU of the load", "MB", "p95 ms", "pages", "tasks", "polls")
    print(f"| {' | '.join(columns)} |\n|{'--:|' * len(columns)}", flush=True)
    players = [os.getpid(), *(process.pid for process in processes if process.pid is not None)]
    while (now := time.monotonic()) < started + MINUTE * num_minutes:
        until = min(now + MINUTE, started + MINUTE * num_minutes)
        cpu, cpu_of_load = cpu_seconds(os.getpid(), BACKEND), cpu_seconds_of(players)
        counts, of_minute = defaultdict[str, int](int), list[Asked]()
        while (left := until - time.monotonic()) > 0:
            try:
                kind, what = said.get(timeout=min(left, 1.0))
            except queue.Empty:
                if ended := [process.name for process in processes if process.exitcode is not None]:
                    raise RuntimeError(f"a part of the load ended: {ended}") from None
                continue
            counts[kind] += 1
            if kind == "asked":
                of_minute.append(what)
        asked += of_minute
        seconds = time.monotonic() - now
        minute = Minute(
            minute=len(minutes) + 1,
            cpu=round((cpu_seconds(os.getpid(), BACKEND) - cpu) / seconds, 2),
            cpu_of_load=round((cpu_seconds_of(players) - cpu_of_load) / seconds, 2),
            megabytes=round(tree_mb(os.getpid(), BACKEND[0]), 1),
            p95_ms=round(percentile([one.milliseconds for one in of_minute if one.ok]), 1),
            pages=counts["asked"],
            tasks=counts["task"],
            polls=counts["poll"],
        )
        minutes.append(minute)
        print("| " + " | ".join(map(str, asdict(minute).values())) + " |", flush=True)
    return asked, minutes


def percentile(values: Sequence[float]) -> float:
    """The 95th; of no values 0."""
    return statistics.quantiles(values, n=20)[-1] if len(values) > 1 else sum(values)


def growth(megabytes: Sequence[float]) -> float:
    """The mean of the last quarter of minutes less that of the second, in MB: the first warms up."""
    quarter = len(megabytes) // 4
    if quarter == 0:
        return 0.0
    return round(statistics.mean(megabytes[-quarter:]) - statistics.mean(megabytes[quarter : 2 * quarter]), 1)


def _slowest(asked: Sequence[Asked]) -> list[dict[str, Any]]:
    """By path without ids, of those that were answered: the 95th percentile and how many there were."""
    times: dict[str, list[float]] = defaultdict(list)
    for one in asked:
        if one.ok:
            times[_without_ids(one.path)].append(one.milliseconds)
    found = [
        {"path": path, "p95_ms": round(percentile(each), 1), "requests": len(each)} for path, each in times.items()
    ]
    return sorted(found, key=lambda entry: -float(str(entry["p95_ms"])))[:SLOWEST]


def _without_ids(path: str) -> str:
    return "/".join("ID" if len(word) >= 12 and word.isalnum() else word for word in path.partition("?")[0].split("/"))


def _last(said: "multiprocessing.Queue[Said]") -> Followed:
    """What the viewers found. Raises queue.Empty where they say nothing."""
    while True:
        kind, what = said.get(timeout=MINUTE)
        if kind == "followed":
            followed: Followed = what
            return followed


def _join(processes: Sequence[SpawnProcess], said: "multiprocessing.Queue[Said]") -> None:
    """Takes what they still say, without which they would not end. Raises RuntimeError where one failed."""
    deadline = time.monotonic() + MINUTE
    while any(process.is_alive() for process in processes) and time.monotonic() < deadline:
        try:
            said.get(timeout=0.2)
        except queue.Empty:
            continue
    if failed := [process.name for process in processes if process.exitcode != 0]:
        raise RuntimeError(f"a part of the load failed or did not end: {failed}")


def _view(url: str, number: int, start: int, over: Event, said: "multiprocessing.Queue[Said]") -> None:
    said.put(("followed", asyncio.run(follow(url, number, start, over.is_set))))


def _work(served: Served, tasks_a_second: float, over: Event, said: "multiprocessing.Queue[Said]") -> None:
    def on_done() -> None:
        said.put(("task", None))

    _all_of([partial(players.work, served, tasks_a_second / WORKERS, over.is_set, on_done)] * WORKERS, over)


def _wait_for_work(served: Served, number: int, over: Event, said: "multiprocessing.Queue[Said]") -> None:
    def on_poll() -> None:
        said.put(("poll", None))

    federation = players.add_hospitals(served)
    _all_of([partial(players.hospital, served, federation, i, over.is_set, on_poll) for i in range(number)], over)


def _experiment(
    served: Served, federation_id: str, rounds: int, over: Event, said: "multiprocessing.Queue[Said]"
) -> None:
    said.put(("experiments", players.experiment_after_experiment(served, federation_id, rounds, over.is_set)))


def _browse(
    served: Served,
    history: Template,
    federation_id: str,
    every: float,
    over: Event,
    said: "multiprocessing.Queue[Said]",
) -> None:
    ended = threading.Event()
    threading.Thread(target=_follow, args=(over, ended), daemon=True).start()
    players.ask_pages(served, history, federation_id, every, ended, lambda asked: said.put(("asked", asked)))


def _follow(over: Event, ended: threading.Event) -> None:
    over.wait()
    ended.set()


def _all_of(works: Sequence[Callable[[], None]], over: Event) -> None:
    """Each in a thread of its own. Raises what one of them raised, after the others have ended."""
    with ThreadPoolExecutor(max(1, len(works))) as pool:
        for future in [pool.submit(work) for work in works]:
            try:
                future.result()
            except BaseException:
                over.set()
                raise


def _summary(result: dict[str, Any]) -> str:
    followed = result["followed"]
    lines = [
        "",
        f"{result['command']}, {result['commit']}, {result['date']}, {result['device']}",
        f"pages: {result['requests']} requests, median {result['median_ms']} ms, p95 {result['p95_ms']} ms, "
        f"{result['errors']} errors",
        f"events: {followed['num_events']}, told {followed['num_told']} times to {result['viewers']} viewers, "
        f"{followed['num_lost']} lost, {followed['num_twice_or_late']} twice or late, "
        f"{followed['num_reconnects']} reconnects",
        f"memory: {result['growth_mb']:+.1f} MB from the second quarter of the time to the last",
    ]
    lines += [f"{entry['p95_ms']:>8} ms p95 of {entry['requests']:>4}  {entry['path']}" for entry in result["slowest"]]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
