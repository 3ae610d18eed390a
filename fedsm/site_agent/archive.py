"""The signed archive from which a hospital installs without a network: written at the hub, verified before anything of
it is installed.

It is one tar file: wheels, a list of what they are, instructions, and SHA256SUMS, whose bytes an Ed25519 key signs.
OpenSSL and sha256sum verify it as well, on a machine that has nothing of ours yet.
"""

import hashlib
import io
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from backend.link.keys import PublicKey, SigningKey

FOLDER = "fedsm-site"
SUMS, SIGNATURE, KEY = "SHA256SUMS", "SHA256SUMS.sig", "key.pem"
#: The first line of the sums: nothing else that a key of ours signs begins so.
TITLE = "# FedSM Studio, archive for a site, version"
#: Of the sums, and of their signature and key.
MAX_LIST_BYTES = 2**20
CHUNK_BYTES = 2**20


class ArchiveProblem(Exception):
    """Its text names the file, what is wrong with it, and what to do."""


def write_archive(path: Path, files: Mapping[str, Path | bytes], key: SigningKey, version: str) -> None:
    """files: by their name in the archive, with its folders; the bytes are the same for the same files and key."""
    sums = "".join(f"{_sha256_of(files[name])}  {name}\n" for name in sorted(files))
    signed = f"{TITLE} {version}\n{sums}".encode()
    lists = {SUMS: signed, SIGNATURE: key.sign(signed), KEY: key.public.pem.encode()}
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in {**lists, **dict(sorted(files.items()))}.items():
            _add(tar, f"{FOLDER}/{name}", content)


def verify_archive(path: Path, fingerprint: str) -> dict[str, str]:
    """The SHA-256 of each file by its name. fingerprint: of the key that must have signed it, known from elsewhere.

    Raises ArchiveProblem for the first file that was changed, added or taken out, OSError."""
    lists: dict[str, bytes] = {}
    found: dict[str, str] = {}
    end = 0
    try:
        with tarfile.open(path, "r:") as tar:
            for name, member in _members(tar):
                if name in lists or name in found:
                    raise ArchiveProblem(f"{name} is in the archive twice: ask for it anew")
                end = member.offset_data + -(-member.size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
                content = tar.extractfile(member)
                assert content is not None, "it is a file"
                if name in (SUMS, SIGNATURE, KEY):
                    lists[name] = content.read(MAX_LIST_BYTES)
                else:
                    found[name] = _digest(content)
    except tarfile.TarError as error:
        raise ArchiveProblem(f"{path} is no whole archive ({error}): ask for it anew") from None
    _require_nothing_after(path, end)
    _compare(_signed_sums(lists, fingerprint), found)
    return found


def _require_nothing_after(path: Path, end: int) -> None:
    """Python stops at the first header that it cannot read, and other programs look for one behind it.

    end: where the last file that was read ends, in bytes. Raises ArchiveProblem."""
    with path.open("rb") as file:
        file.seek(end)
        while chunk := file.read(CHUNK_BYTES):
            if chunk.strip(b"\0"):
                raise ArchiveProblem("something follows the archive's last file: do not unpack it, ask for it anew")


def _signed_sums(lists: dict[str, bytes], fingerprint: str) -> dict[str, str]:
    """By name, once the signature holds."""
    if missing := [name for name in (SUMS, SIGNATURE, KEY) if name not in lists]:
        raise ArchiveProblem(f"{missing[0]} is not in the archive: ask for it anew")
    key = PublicKey.from_pem(lists[KEY])
    if key.fingerprint != fingerprint:
        raise ArchiveProblem(
            f"{KEY} is of the key {key.fingerprint}, and not of {fingerprint}: somebody else made this archive"
        )
    if not key.verifies(lists[SIGNATURE], lists[SUMS]):
        raise ArchiveProblem(f"{SUMS} is not what the key signed: it was changed, ask for the archive anew")
    title, *lines = lists[SUMS].decode().splitlines()
    if not title.startswith(TITLE):
        raise ArchiveProblem(f"{SUMS} is of something else than an archive for a site")
    return {name: sha256 for sha256, name in (line.split("  ", 1) for line in lines)}


def _compare(signed: dict[str, str], found: dict[str, str]) -> None:
    for name in sorted(signed.keys() | found.keys()):
        if name not in found:
            raise ArchiveProblem(f"{name} was taken out: ask for the archive anew")
        if name not in signed:
            raise ArchiveProblem(f"{name} was added, nobody signed it: ask for the archive anew")
        if found[name] != signed[name]:
            raise ArchiveProblem(f"{name} was changed: ask for the archive anew")


def _members(tar: tarfile.TarFile) -> Iterator[tuple[str, tarfile.TarInfo]]:
    """Plain files below our folder, by their names there. Raises ArchiveProblem for anything else."""
    for member in tar:
        name = member.name.removeprefix(f"{FOLDER}/")
        is_below = member.name != name and ".." not in name.split("/")
        if not (is_below and member.isreg()):
            raise ArchiveProblem(f"{member.name!r} is no plain file below {FOLDER}/: do not unpack it")
        yield name, member


def _add(tar: tarfile.TarFile, name: str, content: Path | bytes) -> None:
    member = tarfile.TarInfo(name)
    member.mode = 0o644
    if isinstance(content, bytes):
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
        return
    member.size = content.stat().st_size
    with content.open("rb") as file:
        tar.addfile(member, file)


def _sha256_of(content: Path | bytes) -> str:
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    with content.open("rb") as file:
        return _digest(file)


def _digest(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()
