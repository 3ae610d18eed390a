"""The archive for hospitals without a network: verified, installed by its own instructions, and every change named."""

import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Callable
from importlib.metadata import requires
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from typer.testing import CliRunner

from backend.link.keys import SigningKey
from fedsm.cli.app import app
from fedsm.site_agent.archive import FOLDER, ArchiveProblem, verify_archive
from scripts import site_archive
from tests.scripts.test_install_packages import write_wheel

KEY = SigningKey.from_seed(b"k" * 32)
OWN = KEY.public.fingerprint
#: What the commands print of an archive that is as it was signed.
VERIFIED = f"{OWN}  -\nSignature Verified Successfully\n"
Change = Callable[[dict[str, bytes]], None]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Of two small wheels."""
    for name in ("aster", "birch"):
        write_wheel(tmp_path, name, "1.0")
    path = tmp_path / "site.tar"
    site_archive.make(path, tmp_path.glob("*.whl"), KEY, "1.2")
    return path


def contents(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]


def written(path: Path, files: dict[str, bytes]) -> None:
    with tarfile.open(path, "w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


def shell(folder: Path, commands: str) -> subprocess.CompletedProcess[str]:
    """Where pip has no index."""
    nowhere = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "http://127.0.0.1:1", "PATH": os.environ["PATH"]}
    command = ["bash", "-ec", commands]
    return subprocess.run(command, cwd=folder, env=nowhere, capture_output=True, text=True, check=False)


def unpacked(archive: Path, folder: Path) -> Path:
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder / FOLDER


def commands(text: str) -> list[str]:
    """Of a document, block by block."""
    return re.findall(r"```bash\n(.*?)```", text, flags=re.DOTALL)


def lay_in_wait(folder: Path, code: str) -> None:
    """Where Python looks for modules as it makes and starts an environment."""
    packages = folder / f"fedsm/lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
    packages.mkdir(parents=True)
    (packages / "evil.pth").write_text(code)
    (folder / "venv.py").write_text(code)


def test_its_own_instructions_verify_and_install_it_without_a_network(archive: Path, tmp_path: Path) -> None:
    assert set(verify_archive(archive, OWN)) == {
        "INSTALL.md",
        "requirements.lock",
        "sbom.cdx.json",
        "wheels/aster-1.0-py3-none-any.whl",
        "wheels/birch-1.0-py3-none-any.whl",
    }
    folder = unpacked(archive, tmp_path)
    verify, install = commands((folder / "INSTALL.md").read_text())
    done = shell(folder, verify)
    assert (done.returncode, done.stdout) == (0, VERIFIED), done.stdout + done.stderr
    ran = tmp_path / "ran"
    lay_in_wait(folder, f"import pathlib; pathlib.Path({str(ran)!r}).touch()\n")
    done = shell(folder, install)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not ran.exists(), "nothing that lay where it installs is run, should nobody look at the list"
    imported = subprocess.run([folder / "fedsm/bin/python", "-c", "import aster, birch"], check=False)
    assert imported.returncode == 0
    wheel = folder / "wheels/aster-1.0-py3-none-any.whl"
    wheel.write_bytes(wheel.read_bytes()[:-1] + b"!")
    done = shell(folder, verify)
    assert done.returncode != 0
    assert "wheels/aster-1.0-py3-none-any.whl: FAILED" in done.stdout


@pytest.mark.parametrize(
    "added",
    [
        "venv.py",
        "fedsm/lib/python3.11/site-packages/evil.pth",
        "fedsm/lib/python3.11/site-packages/\nkey.pem",
        "wheels/cedar-1.0-py3-none-any.whl",
        "\x1b[2K\rSHA256SUMS",
    ],
)
def test_its_own_instructions_name_a_file_that_nobody_signed(archive: Path, tmp_path: Path, added: str) -> None:
    folder = unpacked(archive, tmp_path)
    (folder / added).parent.mkdir(parents=True, exist_ok=True)
    (folder / added).write_text("import os")
    verify, _ = commands((folder / "INSTALL.md").read_text())
    done = shell(folder, verify)
    assert done.stdout.startswith(VERIFIED)
    listed = done.stdout.removeprefix(VERIFIED)
    assert added.split("\n")[0].replace("\x1b", "^[").replace("\r", "^M") in listed
    assert "\x1b" not in listed


def test_its_own_instructions_name_a_link_that_nobody_signed(archive: Path, tmp_path: Path) -> None:
    folder = unpacked(archive, tmp_path)
    (folder / "fedsm").symlink_to(tmp_path)
    verify, _ = commands((folder / "INSTALL.md").read_text())
    assert shell(folder, verify).stdout == f"{VERIFIED}fedsm\n"


def test_the_document_for_hospitals_has_the_same_commands() -> None:
    """There a hospital takes them from: instructions in an archive may be forged with it."""
    text = (site_archive.ROOT / "docs" / "hospital.md").read_text()
    section = text.split("### Without a network for the installation\n")[1].split("\n### ")[0]
    assert commands(section)[1:] == commands(site_archive.instructions("1.2", OWN))


def change_byte(files: dict[str, bytes]) -> None:
    name = f"{FOLDER}/wheels/birch-1.0-py3-none-any.whl"
    files[name] = files[name][:-1] + bytes([files[name][-1] ^ 1])


def take_out(files: dict[str, bytes]) -> None:
    del files[f"{FOLDER}/sbom.cdx.json"]


def add(files: dict[str, bytes]) -> None:
    files[f"{FOLDER}/wheels/cedar-1.0-py3-none-any.whl"] = b"PK"


def lead_out(files: dict[str, bytes]) -> None:
    files[f"{FOLDER}/../../.profile"] = b"rm -rf /"


def change_sum(files: dict[str, bytes]) -> None:
    change_byte(files)
    new = hashlib.sha256(files[f"{FOLDER}/wheels/birch-1.0-py3-none-any.whl"]).hexdigest().encode()
    files[f"{FOLDER}/SHA256SUMS"] = re.sub(rb"\w{64}(?=  wheels/birch)", new, files[f"{FOLDER}/SHA256SUMS"])


def sign_anew(files: dict[str, bytes]) -> None:
    other = SigningKey.generate()
    files[f"{FOLDER}/SHA256SUMS.sig"] = other.sign(files[f"{FOLDER}/SHA256SUMS"])
    files[f"{FOLDER}/key.pem"] = other.public.pem.encode()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (change_byte, "wheels/birch-1.0-py3-none-any.whl was changed"),
        (take_out, "sbom.cdx.json was taken out"),
        (add, "wheels/cedar-1.0-py3-none-any.whl was added"),
        (lead_out, "is no plain file below"),
        (change_sum, "SHA256SUMS is not what the key signed"),
        (sign_anew, "somebody else made this archive"),
    ],
)
def test_every_change_is_named(archive: Path, change: Change, said: str) -> None:
    files = contents(archive)
    change(files)
    written(archive, files)
    with pytest.raises(ArchiveProblem, match=re.escape(said)):
        verify_archive(archive, OWN)


def test_half_an_archive_and_one_that_is_none(archive: Path) -> None:
    whole = archive.read_bytes()
    for content in (whole[: len(whole) // 2], b"x" * 2000):
        archive.write_bytes(content)
        with pytest.raises(ArchiveProblem):
            verify_archive(archive, OWN)


@pytest.mark.parametrize("between", [b"\1" * 512, b"\0" * 1024, b""])
def test_what_follows_the_last_file_is_found(archive: Path, tmp_path: Path, between: bytes) -> None:
    """Programs for tar files unpack it, whatever Python's reader sees of it."""
    whole = archive.read_bytes()
    files = contents(archive)
    written(tmp_path / "evil.tar", {next(iter(files)): b"evil"})
    archive.write_bytes(whole + between + (tmp_path / "evil.tar").read_bytes())
    with pytest.raises(ArchiveProblem, match="something follows the archive's last file"):
        verify_archive(archive, OWN)


def test_the_list_of_materials_is_cyclonedx(archive: Path) -> None:
    text = contents(archive)[f"{FOLDER}/sbom.cdx.json"].decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    [aster, birch] = json.loads(text)["components"]
    assert (aster["purl"], birch["purl"]) == ("pkg:pypi/aster@1.0", "pkg:pypi/birch@1.0")
    wheel = contents(archive)[f"{FOLDER}/wheels/aster-1.0-py3-none-any.whl"]
    assert aster["hashes"] == [{"alg": "SHA-256", "content": hashlib.sha256(wheel).hexdigest()}]


def test_the_same_wheels_and_key_give_the_same_bytes(archive: Path, tmp_path: Path) -> None:
    site_archive.make(tmp_path / "again.tar", tmp_path.glob("*.whl"), KEY, "1.2")
    assert (tmp_path / "again.tar").read_bytes() == archive.read_bytes()


def test_the_command_says_what_it_found(archive: Path) -> None:
    done = CliRunner().invoke(app, ["site", "verify", str(archive), "--fingerprint", OWN])
    assert done.exit_code == 0, done.output
    assert "5 files are what the key signed" in done.output
    done = CliRunner().invoke(app, ["site", "verify", str(archive), "--fingerprint", "0" * 64])
    assert (done.exit_code, "somebody else made this archive" in done.output) == (1, True)
    assert CliRunner().invoke(app, ["site", "verify", str(archive)]).exit_code == 2


def test_what_a_site_needs_stands_in_the_locks() -> None:
    """Of the packages of the queue too, whose own needs the image's lock does not have."""
    whole = site_archive.ROOT / "requirements.lock"
    text = (
        "\n"
        + site_archive.LOCK.read_text()
        + "".join(site_archive.entry_of(name, whole) for name in site_archive.QUEUE)
    )
    for package in site_archive.QUEUE:
        for needed in map(Requirement, requires(package) or ()):
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                assert f"\n{canonicalize_name(needed.name)}==" in text, f"{package} needs {needed.name}"
    with pytest.raises(ValueError, match="has no nothing"):
        site_archive.entry_of("nothing", site_archive.LOCK)
