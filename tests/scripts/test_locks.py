"""The locks hold what pyproject.toml asks for, with a hash for every file, and agree with each other."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCKS = [str(path.relative_to(ROOT)) for pattern in ("*.lock", "*/requirements.lock") for path in ROOT.glob(pattern)]
#: Which locks together hold a group.
HOLDERS = {
    "requirements.lock": ("common", "backend", "agent", "worker", "export", "local"),
    "requirements-test.lock": ("test",),
    "requirements-node.lock": ("node",),
    "backend/requirements.lock": ("common", "backend"),
    "worker/requirements.lock": ("common", "worker", "export"),
    "fedsm/requirements.lock": ("common", "worker", "agent"),
}
REMEDY = "Remedy: make lock"


def entries(lock: str) -> dict[str, str]:
    """Each package's lines."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    found = re.findall(r"^(([A-Za-z0-9][\w.-]*)==.*\n(?:[ \t]+\S.*\n)*)", text, flags=re.MULTILINE)
    return {canonicalize_name(name): entry for entry, name in found}


def version(entry: str) -> str:
    return entry.partition("==")[2].split()[0]


def test_all_locks_are_here() -> None:
    assert set(LOCKS) - {".setup.lock"} == {*HOLDERS, "requirements-cpu.lock", "requirements-cuda.lock"}


@pytest.mark.parametrize("lock", [*HOLDERS, "requirements-cpu.lock", "requirements-cuda.lock"])
def test_every_line_is_a_pin_with_hashes_and_names_no_index(lock: str) -> None:
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    pin = re.compile(r"[a-z0-9][a-z0-9.-]*==\S+( ; [^\\]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?")
    assert [line for line in lines[1:] if not pin.fullmatch(line)] == []
    assert all("--hash=sha256:" in entry for entry in entries(lock).values())


@pytest.mark.parametrize("lock", HOLDERS)
def test_a_lock_has_what_its_groups_ask_for(lock: str) -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    held = entries(lock) | entries("requirements-cuda.lock")
    if lock == "requirements-test.lock":
        held |= entries("requirements.lock")
    for line in (line for group in HOLDERS[lock] for line in groups[group]):
        wanted = Requirement(line)
        name = canonicalize_name(wanted.name)
        assert name in held, f"{lock} lacks {wanted}. {REMEDY}"
        assert wanted.specifier.contains(version(held[name])), f"{lock} has another {name} than {wanted}. {REMEDY}"


def test_no_package_refuses_a_version_of_another() -> None:
    """By what the installed packages say of what they need: `make lock` would move what one of them refuses."""
    locks = [f"requirements{part}.lock" for part in ("", "-cuda", "-test", "-node")]
    held = {name: entry for lock in locks for name, entry in entries(lock).items()}
    refused = []
    for name, entry in held.items():
        try:
            installed = distribution(name)
        except PackageNotFoundError:  # of another platform
            continue
        for wanted in map(Requirement, installed.requires or ()):
            if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
                continue
            other = held.get(canonicalize_name(wanted.name))
            if other is not None and not wanted.specifier.contains(version(other), prereleases=True):
                refused.append(f"{name}=={version(entry)} needs {wanted}, and {version(other)} is locked")
    assert refused == [], REMEDY


def test_images_have_the_same_files_as_a_checkout() -> None:
    everything = entries("requirements.lock")
    for part in ("backend", "worker", "fedsm"):
        of_part = entries(f"{part}/requirements.lock")
        assert of_part.items() <= everything.items()
    assert "torch" not in entries("backend/requirements.lock")
    for part in ("worker", "fedsm"):
        assert not {"sqlalchemy", "fastapi", "psycopg"} & entries(f"{part}/requirements.lock").keys()


def test_no_test_tool_is_among_what_runs() -> None:
    assert not entries("requirements.lock").keys() & entries("requirements-test.lock").keys()


def test_both_builds_of_pytorch_are_one_version() -> None:
    default, cpu = (version(entries(f"requirements-{build}.lock")["torch"]) for build in ("cuda", "cpu"))
    assert cpu == f"{default}+cpu"
    assert entries("requirements-cpu.lock").keys() == {"torch"}


@pytest.mark.parametrize(
    ("part", "locks"),
    [
        ("backend", ["backend/requirements.lock"]),
        ("worker", ["worker/requirements.lock torch", "fedsm/requirements.lock"]),
    ],
)
def test_an_image_installs_from_its_locks_alone(part: str, locks: list[str]) -> None:
    lines = (ROOT / part / "Dockerfile").read_text(encoding="utf-8").splitlines()
    installing = [line for line in lines if re.search(r"pip install|install_packages\.py /|npm (ci|install)", line)]
    of_pages = ("scripts/install_packages.py /opt/node/bin/python requirements-node.lock", "npm ci")
    into_venv = [line for line in installing if not any(words in line for words in of_pages)]
    assert len(into_venv) == len(locks)
    for line, lock in zip(into_venv, locks, strict=True):
        assert f"scripts/install_packages.py /opt/venv/bin/python {lock} \\" in line
    stages = {line.split(" AS ")[1] for line in lines if " AS " in line}
    bases = [line.split()[1] for line in lines if line.startswith("FROM ")]
    assert all(base in stages or re.fullmatch(r"[a-z/]+:\d\S*", base) for base in bases)
