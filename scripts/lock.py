"""Writes requirements*.lock from the dependency groups of pyproject.toml: exact versions, each file with its SHA-256.

    make lock               keeps the present versions where they still fit
    make lock UPGRADE=1     takes the newest

One resolution covers every platform and Python that we support; the files are cuts of it, so that they cannot disagree.
PyTorch has two: its CPU builds lie on an index of their own, whose files are listed in torch-cpu-builds.sha256.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CPU_BUILDS = ROOT / "scripts" / "torch-cpu-builds.sha256"
OLDEST_PYTHON = "3.11"
RUNTIME_GROUPS = ("common", "backend", "agent", "worker", "export", "local")
#: What only the CUDA build of PyTorch needs.
CUDA = re.compile(r"^(nvidia|cuda)-|^triton$")
#: A package's name and its lines of the lock.
Pins = dict[str, str]


def main(upgrade: bool) -> None:
    everything = resolve((*RUNTIME_GROUPS, "test", "node"), prefer="" if upgrade else present_pins())
    versions = versions_of(everything)
    runtime = resolve(RUNTIME_GROUPS, constraints=versions).keys()
    cuda = {name for name in runtime if CUDA.match(name)}
    of_torch = cuda | {"torch"}
    cuts = {
        "requirements.lock": runtime - of_torch,
        "requirements-cuda.lock": of_torch,
        "requirements-test.lock": resolve(("test",), constraints=versions).keys() - runtime,
        "requirements-node.lock": resolve(("node",), constraints=versions).keys(),
        "backend/requirements.lock": resolve(("common", "backend"), constraints=versions).keys(),
        "worker/requirements.lock": resolve(("common", "worker", "export"), constraints=versions).keys() - of_torch,
        "fedsm/requirements.lock": resolve(("common", "worker", "agent"), constraints=versions).keys() - of_torch,
    }
    for name, packages in cuts.items():
        write(name, (everything[package] for package in sorted(packages)))
    write("requirements-cpu.lock", [cpu_pin(version_in(everything["torch"]))])


def resolve(groups: Iterable[str], constraints: str = "", prefer: str = "") -> Pins:
    """uv's resolution of these groups for all platforms. Where it may choose it prefers the pins of `prefer`."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "constraints.txt").write_text(constraints, encoding="utf-8")
        output = folder / "requirements.txt"
        output.write_text(prefer, encoding="utf-8")
        command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes"]
        command += ["--python-version", OLDEST_PYTHON, "--no-header", "--no-annotate"]
        command += ["--constraint", str(folder / "constraints.txt"), "--output-file", str(output)]
        command += [word for group in groups for word in ("--group", f"pyproject.toml:{group}")]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        return parse(output.read_text(encoding="utf-8"))


def parse(text: str) -> Pins:
    """Each entry begins in the first column; its hashes are indented. A package for several Pythons has several."""
    pins: Pins = {}
    for entry in re.findall(r"^[^\s#].*\n(?:[ \t].*\n)*", text, flags=re.MULTILINE):
        name = entry.partition("==")[0]
        pins[name] = pins.get(name, "") + entry
    return pins


def present_pins() -> str:
    locks = [path for path in sorted(ROOT.glob("requirements*.lock")) if path.name != "requirements-cpu.lock"]
    return "".join(path.read_text(encoding="utf-8") for path in locks)


def versions_of(pins: Pins) -> str:
    """The pins without their hashes."""
    lines = [line.removesuffix(" \\") for entry in pins.values() for line in entry.splitlines() if "==" in line]
    return "\n".join(lines)


def version_in(entry: str) -> str:
    return entry.partition("==")[2].split()[0]


def cpu_pin(version: str) -> str:
    """PyTorch's CPU builds of this version. Ends the program where they are not listed."""
    hashes = sorted(
        line.split()[0]
        for line in CPU_BUILDS.read_text(encoding="utf-8").splitlines()
        if line.split()[1].startswith(f"torch-{version}+cpu-")
    )
    if not hashes:
        sys.exit(
            f"{CPU_BUILDS.relative_to(ROOT)} lists no build of torch {version}.\n"
            "Remedy: list the Linux wheels of PyTorch's CPU index there, in the format of sha256sum"
        )
    return " \\\n".join([f"torch=={version}+cpu", *(f"    --hash=sha256:{digest}" for digest in hashes)]) + "\n"


def write(name: str, entries: Iterable[str]) -> None:
    text = "# Written by `make lock` from pyproject.toml. Do not edit.\n" + "".join(entries)
    (ROOT / name).write_text(text, encoding="utf-8")
    print(f"{name}: {len(parse(text))} packages")


if __name__ == "__main__":
    main(upgrade="--upgrade" in sys.argv[1:])
