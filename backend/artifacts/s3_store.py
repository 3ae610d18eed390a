"""Artifacts in an S3-compatible bucket, with a folder of this machine before it: what is read often is read from there.

The bucket has everything; the folder is a cache that may be emptied at any time. A file is in the bucket before a row
of the database names it, and is hashed after it came from there.
"""

import contextlib
import logging
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from backend.artifacts.store import INCOMING, STRAY_SECONDS, FolderStore, IncomingFile, Problem, hash_of, is_address
from backend.errors import ArtifactStoreAway

logger = logging.getLogger(__name__)

ABSENT = frozenset({"404", "NoSuchKey", "NotFound"})
#: A file of the cache that was used within this time is not removed, because somebody may be reading it.
BUSY_SECONDS = 600.0
MIB = 2**20


class S3Store(FolderStore):
    """An object is `ab/abcdef...` behind the prefix, as a file is in a folder."""

    def __init__(self, folder: Path, client: Any, bucket: str, prefix: str, cache_mib: int) -> None:
        """Raises ArtifactStoreAway where the bucket cannot be used."""
        super().__init__(folder)
        self._client, self._bucket = client, bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._cache_bytes = cache_mib * MIB
        self._bringing = threading.Lock()
        with self._reachable():
            client.head_bucket(Bucket=bucket)

    def keep(self, incoming: IncomingFile) -> None:
        self._send(incoming.temporary, incoming.sha256)
        super().keep(incoming)

    def adopt(self, sha256: str) -> None:
        self._send(self._file(sha256), sha256)

    def problem(self, sha256: str, again: bool = False) -> Problem | None:
        if not again and super().problem(sha256) is None:
            return None
        with self._bringing:
            return self._bring(sha256)

    def remove(self, sha256: str) -> None:
        with self._reachable():
            self._client.delete_object(Bucket=self._bucket, Key=self._key(sha256))
        super().remove(sha256)

    def addresses(self) -> Iterator[str]:
        with self._reachable():
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix):
                for entry in page.get("Contents", ()):
                    sha256 = entry["Key"].rpartition("/")[2]
                    if is_address(sha256) and entry["Key"] == self._key(sha256):
                        yield sha256

    def is_stray(self, sha256: str) -> bool:
        head = self._head(sha256)
        return head is not None and time.time() - head["LastModified"].timestamp() > STRAY_SECONDS

    def remove_leftovers(self) -> int:
        self._shrink_cache()
        return super().remove_leftovers()

    def _send(self, file: Path, sha256: str) -> None:
        with self._reachable():
            self._client.upload_file(str(file), self._bucket, self._key(sha256))

    def _bring(self, sha256: str) -> Problem | None:
        """From the bucket into the cache, if it is whole."""
        target = self._file(sha256)
        target.parent.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self.folder, prefix=INCOMING, delete=False) as file:
            temporary = Path(file.name)
        try:
            with self._reachable():
                self._client.download_file(self._bucket, self._key(sha256), str(temporary))
            if hash_of(temporary) != sha256:
                super().remove(sha256)
                return "damaged"
            super().keep(IncomingFile(sha256, temporary.stat().st_size, temporary))
        except _Absent:
            super().remove(sha256)
            return "lost"
        finally:
            temporary.unlink(missing_ok=True)
        return None

    def _head(self, sha256: str) -> dict[str, Any] | None:
        try:
            with self._reachable():
                head: dict[str, Any] = self._client.head_object(Bucket=self._bucket, Key=self._key(sha256))
                return head
        except _Absent:
            return None

    def _shrink_cache(self) -> None:
        """Those that were read longest ago go first."""
        found = []
        for path in self.folder.glob("??/*"):
            with contextlib.suppress(FileNotFoundError):
                status = path.stat()
                found.append((max(status.st_atime, status.st_mtime), status.st_size, path))
        total = sum(size for _, size, _ in found)
        for used_at, size, path in sorted(found):
            if total <= self._cache_bytes or time.time() - used_at < BUSY_SECONDS:
                return
            path.unlink(missing_ok=True)
            total -= size

    def _key(self, sha256: str) -> str:
        return f"{self._prefix}{sha256[:2]}/{sha256}"

    @contextlib.contextmanager
    def _reachable(self) -> Iterator[None]:
        """Raises _Absent for what is not there, and ArtifactStoreAway for all else that the store says."""
        try:
            yield
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in ABSENT:
                raise _Absent(f"the bucket {self._bucket} or what is asked of it is not there") from None
            raise ArtifactStoreAway(f"the S3 store refused ({code}): check its bucket and the keys") from error
        except BotoCoreError as error:
            logger.warning("the S3 store cannot be reached: %s", error)
            raise ArtifactStoreAway("the S3 store cannot be reached: check FEDSM_S3_URL and the network") from error


class _Absent(ArtifactStoreAway):
    """There is no such bucket or object."""


def s3_client(url: str, region: str, access_key: str, secret_key: str) -> Any:
    """url: of an S3-compatible server; empty: Amazon's."""
    return boto3.client(
        "s3",
        endpoint_url=url or None,
        region_name=region,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        config=Config(
            connect_timeout=5,
            read_timeout=60,
            retries={"max_attempts": 3, "mode": "standard"},
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
