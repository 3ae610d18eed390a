"""A real S3 server for tests: the gateway of JuiceFS, which speaks as MinIO does, verifies every signature and keeps
its files in a folder."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import wait_until
from tests.ports import held_port
from worker.process.shutdown import die_with_parent

LOOPBACK = "127.0.0.1"
REGION = "eu-central-1"
START_SECONDS = 30


@dataclass(frozen=True)
class S3Server:
    url: str
    access_key: str
    secret_key: str


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """Runs while the context is open. folder: for what it keeps; made."""
    folder.mkdir()
    program = shutil.which("juicefs", path=os.path.dirname(sys.executable))
    assert program is not None, "juicefs is not installed: make setup-test"
    meta = f"sqlite3://{folder / 'meta.db'}"
    own = ["--storage", "file", "--bucket", f"{folder / 'data'}/", "--trash-days", "0"]
    subprocess.run([program, "format", *own, meta, "models"], check=True, capture_output=True)
    port = held_port()
    found = S3Server(f"http://{LOOPBACK}:{port}", "hub-access-key", "hub-secret-key")
    keys = {"MINIO_ROOT_USER": found.access_key, "MINIO_ROOT_PASSWORD": found.secret_key}
    quiet = ["--no-banner", "--no-usage-report", "--no-bgjob", "--metrics", f"{LOOPBACK}:0"]
    places = ["--multi-buckets", "--cache-dir", str(folder / "cache"), "--log", str(folder / "gateway.log")]
    with open(folder / "output.log", "wb") as log:
        process = subprocess.Popen(
            [program, "gateway", *quiet, *places, meta, f"{LOOPBACK}:{port}"],
            env=os.environ | keys,
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=die_with_parent,
        )
    try:
        wait_until(lambda: _listens(port), START_SECONDS, f"the S3 server: {folder / 'output.log'}")
        yield found
    finally:
        process.terminate()
        process.wait(10)


def _listens(port: int) -> bool:
    try:
        socket.create_connection((LOOPBACK, port), 1).close()
    except OSError:
        return False
    return True
