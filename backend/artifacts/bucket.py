"""A bucket of an S3-compatible server: its objects by address, and its errors as those of the product."""

import contextlib
import hashlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from backend.artifacts.store import is_address
from backend.errors import ArtifactStoreAway

logger = logging.getLogger(__name__)

ABSENT = frozenset({"404", "NoSuchKey", "NotFound"})
#: Name of the object that says whose the others are.
OWNER = "owner"
#: Tries to read an object to its end.
READ_TRIES = 3
MIB = 2**20


class Absent(ArtifactStoreAway):
    """There is no such object."""


class Bucket:
    """An object is `ab/abcdef...` behind the prefix, as a file is in a folder. All methods raise ArtifactStoreAway."""

    def __init__(self, client: Any, name: str, prefix: str) -> None:
        """Raises ArtifactStoreAway where the bucket cannot be used."""
        self._client, self._name = client, name
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self.require()

    def require(self) -> None:
        """The bucket itself, because an object of a bucket that was deleted is answered 404 like any absent one.

        Raises ArtifactStoreAway."""
        try:
            with self._errors():
                self._client.head_bucket(Bucket=self._name)
        except Absent:
            raise ArtifactStoreAway(f"there is no bucket {self._name}: make it, or check FEDSM_S3_BUCKET") from None

    def send(self, file: Path, sha256: str) -> None:
        """Puts a file under its address, over whatever lies there."""
        with self._errors():
            self._client.upload_file(str(file), self._name, self._key(sha256))

    def fetch(self, sha256: str, target: Path) -> None:
        """Writes an object into a file. Raises Absent, and OSError of the disk."""
        with self._of_object():
            self._client.download_file(self._name, self._key(sha256), str(target))

    def hash_of(self, sha256: str) -> str:
        """Of an object's bytes, which lie on no disk meanwhile. Raises Absent."""
        for _ in range(READ_TRIES - 1):
            with contextlib.suppress(_Broken):
                return self._hash_of(sha256)
        return self._hash_of(sha256)

    def size_of(self, sha256: str) -> int | None:
        """Bytes of an object; None where there is none."""
        head = self._head(sha256)
        return None if head is None else int(head["ContentLength"])

    def changed_at(self, sha256: str) -> float | None:
        """Unix time in s; None where there is no such object."""
        head = self._head(sha256)
        return None if head is None else float(head["LastModified"].timestamp())

    def remove(self, sha256: str) -> None:
        """Harmless where there is no such object."""
        with contextlib.suppress(Absent), self._of_object():
            self._client.delete_object(Bucket=self._name, Key=self._key(sha256))

    def addresses(self) -> Iterator[str]:
        """Of all objects."""
        with self._errors():
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._name, Prefix=self._prefix):
                for entry in page.get("Contents", ()):
                    sha256 = entry["Key"].rpartition("/")[2]
                    if is_address(sha256) and entry["Key"] == self._key(sha256):
                        yield sha256

    def owner(self) -> str | None:
        """Who claimed the place behind the prefix; None where nobody did."""
        try:
            with self._of_object():
                content: bytes = self._client.get_object(Bucket=self._name, Key=self._prefix + OWNER)["Body"].read()
                return content.decode(errors="replace").strip()
        except Absent:
            return None

    def claim(self, owner: str) -> None:
        """For this owner alone: who removes what nobody of theirs needs would remove what another one needs.

        Raises ArtifactStoreAway where it is another's."""
        if self.owner() is None:
            with self._errors():
                self._client.put_object(Bucket=self._name, Key=self._prefix + OWNER, Body=owner.encode())
        if (found := self.owner()) != owner:
            raise ArtifactStoreAway(
                f"the bucket {self._name} with the prefix {self._prefix or '(none)'} holds the files of another hub, "
                f"whose server key is {found}; the key of this one is {owner}. Give this hub another FEDSM_S3_PREFIX. "
                f"If the other hub was this one, put its server-key back; if it is no more, remove the object "
                f"{self._prefix}{OWNER}"
            )

    def _hash_of(self, sha256: str) -> str:
        digest = hashlib.sha256()
        with self._of_object():
            body = self._client.get_object(Bucket=self._name, Key=self._key(sha256))["Body"]
            try:
                with contextlib.closing(body):
                    for chunk in body.iter_chunks(MIB):
                        digest.update(chunk)
            except BotoCoreError as error:
                raise _Broken("the S3 store broke off while it gave a file: look at the network") from error
        return digest.hexdigest()

    def _head(self, sha256: str) -> dict[str, Any] | None:
        try:
            with self._of_object():
                head: dict[str, Any] = self._client.head_object(Bucket=self._name, Key=self._key(sha256))
                return head
        except Absent:
            return None

    def _key(self, sha256: str) -> str:
        return f"{self._prefix}{sha256[:2]}/{sha256}"

    @contextlib.contextmanager
    def _of_object(self) -> Iterator[None]:
        """Raises Absent for an object that is not in the bucket, and ArtifactStoreAway for all else."""
        try:
            with self._errors():
                yield
        except Absent:
            self.require()
            raise

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """Raises Absent for what is not there, and ArtifactStoreAway for all else that the store says."""
        try:
            yield
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in ABSENT:
                raise Absent(f"the bucket {self._name} does not have what is asked of it") from None
            raise ArtifactStoreAway(f"the S3 store refused ({code}): check its bucket and the keys") from error
        except Boto3Error as error:
            logger.warning("a transfer with the S3 store failed: %s", error)
            raise ArtifactStoreAway(
                "a transfer with the S3 store failed: check its bucket, the keys and the network"
            ) from error
        except BotoCoreError as error:
            logger.warning("the S3 store cannot be reached: %s", error)
            raise ArtifactStoreAway("the S3 store cannot be reached: check FEDSM_S3_URL and the network") from error


class _Broken(ArtifactStoreAway):
    """The connection broke in the middle of an object."""


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
