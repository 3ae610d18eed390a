"""`scripts/install_packages.py` installs the files that the locks name and no others. Without network."""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "install_packages.py"


def write_wheel(folder: Path, name: str, version: str) -> str:
    """A wheel with one empty module; its lock line."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{name}.py", "")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


class Checkout:
    """A folder with the script, locks, an environment to install into, and wheels that pip is offered."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.wheels = folder / "wheels"
        self.wheels.mkdir()
        (folder / "scripts").mkdir()
        shutil.copy(SCRIPT, folder / "scripts")
        self.python = folder / "venv" / "bin" / "python"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
        pip = next(path / "pip" for path in map(Path, sys.path) if (path / "pip").is_dir())
        (next(folder.glob("venv/lib/*/site-packages")) / "pip").symlink_to(pip)

    def lock(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def install(self, *locks: str) -> subprocess.CompletedProcess[str]:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")}
        environment |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels), "PIP_CONFIG_FILE": os.devnull}
        command = [sys.executable, str(self.folder / "scripts" / SCRIPT.name), str(self.python), *locks]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def installed(self) -> set[str]:
        return {
            path.name.removesuffix(".dist-info") for path in self.folder.glob("venv/lib/*/site-packages/*.dist-info")
        }


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_a_file_with_the_hash_of_the_lock_is_installed(checkout: Checkout) -> None:
    checkout.lock("some.lock", write_wheel(checkout.wheels, "demo", "1.0"))
    done = checkout.install("some.lock")
    assert (done.returncode, done.stderr) == (0, "")
    assert checkout.installed() == {"demo-1.0"}


@pytest.mark.parametrize("remove", [" --hash=sha256:", ""], ids=["no hash", "another hash"])
def test_another_file_is_refused(checkout: Checkout, remove: str) -> None:
    line = write_wheel(checkout.wheels, "demo", "1.0")
    checkout.lock("some.lock", line.partition(remove)[0] + "\n" if remove else line)
    write_wheel(checkout.wheels, "demo", "1.0")
    with zipfile.ZipFile(checkout.wheels / "demo-1.0-py3-none-any.whl", "a") as wheel:
        wheel.writestr("more.py", "import os")
    done = checkout.install("some.lock")
    assert done.returncode != 0
    assert "pip could not install some.lock" in done.stderr
    assert checkout.installed() == set()


@pytest.mark.parametrize(("offered", "taken"), [(["+cpu", ""], "2.13.0+cpu"), ([""], "2.13.0")])
def test_the_cpu_build_of_pytorch_is_taken_where_there_is_one(
    checkout: Checkout, offered: list[str], taken: str
) -> None:
    elsewhere = checkout.folder / "elsewhere"
    elsewhere.mkdir()
    for local, lock in (("+cpu", "requirements-cpu.lock"), ("", "requirements-cuda.lock")):
        checkout.lock(lock, write_wheel(checkout.wheels if local in offered else elsewhere, "torch", f"2.13.0{local}"))
    done = checkout.install("torch")
    assert (done.returncode, done.stderr) == (0, "")
    assert checkout.installed() == {f"torch-{taken}"}


def test_an_unknown_cpu_build_is_refused_and_not_replaced(checkout: Checkout) -> None:
    checkout.lock("requirements-cuda.lock", write_wheel(checkout.wheels, "torch", "2.13.0"))
    checkout.lock(
        "requirements-cpu.lock", write_wheel(checkout.wheels, "torch", "2.13.0+cpu").replace("sha256:", "sha256:0")
    )
    done = checkout.install("torch")
    assert done.returncode != 0
    assert "requirements-cpu.lock" in done.stderr
    assert checkout.installed() == set()
