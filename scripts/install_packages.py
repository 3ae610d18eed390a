"""Installs exactly what lock files name, and checks every file by its SHA-256. Standard library only.

    python3 scripts/install_packages.py PYTHON LOCK...

PYTHON is that of the environment to install into. `torch` among the LOCKs stands for PyTorch: the CPU build where pip
is offered one (PIP_EXTRA_INDEX_URL, PIP_FIND_LINKS), else the default index's, which for Linux comes with CUDA.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CPU_LOCK = "requirements-cpu.lock"
DEFAULT_LOCK = "requirements-cuda.lock"


class InstallProblem(Exception):
    """What pip said."""


def install(python: str, locks: list[str]) -> None:
    """Raises InstallProblem."""
    compiling: list[subprocess.Popen[bytes]] = []
    try:
        for lock in locks:
            if lock == "torch":
                install_torch(python)
            else:
                pip_install(python, lock)
            for process in compiling:
                process.wait()
            compiling.append(compile_packages(python))
    finally:
        for process in compiling:
            process.wait()


def install_torch(python: str) -> None:
    try:
        pip_install(python, CPU_LOCK)
    except InstallProblem as problem:
        if "No matching distribution found" not in str(problem):
            raise  # offered, but not the file that we know, or broken on the way
        pip_install(python, DEFAULT_LOCK)


def pip_install(python: str, lock: str) -> None:
    """The locks are complete, so pip need not look for dependencies."""
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile", "--require-hashes"]
    command = [python, "-m", "pip", "install", *options, "--requirement", str(ROOT / lock)]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if result.returncode:
        raise InstallProblem(f"pip could not install {lock}:\n{result.stdout.strip()}")


def compile_packages(python: str) -> subprocess.Popen[bytes]:
    """Begins to write the bytecode of what is installed: pip does it with one processor and installs nothing meanwhile.

    What cannot be compiled, as files of some packages that are meant for another Python, is compiled when it is
    imported: pip says nothing of it either."""
    folder = "import sysconfig; print(sysconfig.get_path('purelib'))"
    found = subprocess.run([python, "-c", folder], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    command = [python, "-m", "compileall", "-qq", "-j", "0", found]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    try:
        install(sys.argv[1], sys.argv[2:])
    except InstallProblem as problem:
        sys.exit(str(problem))
