"""A hub and three hospitals on one machine, from invitation to a finished FedSM run: `make demo-hospitals`.

Every step is a command that people type, in folders and processes of their own; the hub has TLS with an authority that
is made on the spot, which the hospitals add as their own. A second start begins anew.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from fedsm.local.certificates import make_authority, make_certificate
from fedsm.local.home import choose_port
from fedsm.synthetic_fundus import FUNDUS_TASK, write_fundus_sites

FEDSM = (sys.executable, "-m", "fedsm")
LOOPBACK = "127.0.0.1"
NUM_HOSPITALS = 3
START_SECONDS = 120.0
EXPERIMENT = """
name: FedSM over hospitals
config:
  data: {image_size: 64, intensity: unit, augmentation: none}
  network: {channels: [8, 16, 32], num_residual_units: 1}
  schedule: {rounds: 3, local_epochs: 1, batch_size: 4, learning_rate: 0.004, loss: dice_bce}
  strategies: [{name: fedsm}]
  seeds: [0]
"""


class Demo:
    """folder: of all of it. Use as a context: nothing runs on after it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        self.port, self.tls_port = choose_port(LOOPBACK, 0), choose_port(LOOPBACK, 0)
        clean = {name: text for name, text in os.environ.items() if not name.startswith(("FEDSM_", "REDIS_"))}
        self.hub = clean | {
            "FEDSM_HOME": str(folder / "hub"),
            "FEDSM_PUBLIC_URL": f"https://{LOOPBACK}:{self.tls_port}",
        }
        self.authority = make_authority(folder / "tls", "FedSM demo authority")
        self._hospital = clean | {"FEDSM_CA_BUNDLE": str(self.authority), "FEDSM_DEVICE": "cpu"}

    def __enter__(self) -> "Demo":
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            process.wait(40)

    def data(self, name: str) -> Path:
        """Of one hospital, which reads no other's."""
        return self.folder / "data" / name

    def hospital(self, name: str) -> dict[str, str]:
        """The environment of its programs."""
        return self._hospital | {"FEDSM_DATA_ROOTS": str(self.data(name))}

    def start(self, environment: dict[str, str], log: str, *command: str) -> None:
        """In the background."""
        with open(self.folder / f"{log}.log", "ab") as file:
            self.processes.append(subprocess.Popen(command, env=environment, stdout=file, stderr=subprocess.STDOUT))

    def fedsm(self, environment: dict[str, str], *arguments: str, quiet: bool = False) -> str:
        """What a command prints. It is shown, as if somebody typed it."""
        if not quiet:
            print(f"$ fedsm {' '.join(arguments)}", flush=True)
        done = subprocess.run([*FEDSM, *arguments], env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{done.stdout}{done.stderr}")
        return done.stdout

    def start_hub(self) -> None:
        """And the TLS in front of it."""
        certificate, key = make_certificate(self.authority, (LOOPBACK, "localhost"))
        self.start(self.hub, "hub", *FEDSM, "up", "--port", str(self.port), "--concurrency", "1")
        words = (str(self.tls_port), str(self.port), str(certificate), str(key))
        self.start(self.hub, "tls", sys.executable, "-m", "fedsm.local.tls_front", *words)
        self.wait("the hub", lambda: (self.folder / "hub" / "running.json").exists())

    def add_federation(self) -> None:
        """With the task of the synthetic fundus photographs."""
        task = self.folder / "task.json"
        task.write_text(FUNDUS_TASK.model_dump_json())
        self.fedsm(self.hub, "federation", "create", "Hospitals demo", "--task", str(task))

    def join(self, name: str) -> str:
        """Invitation, key, six words, acceptance; the hospital's short name."""
        home = ("--home", str(self.folder / name))
        made = json.loads(self.fedsm(self.hub, "site", "add", name, "--kind", "real", "--json", quiet=True))
        kit = self.folder / f"{name}.fedsm-kit.json"
        self.fedsm(self.hub, "site", "invite", made["slug"], "--out", str(kit))
        print(self.fedsm(self.hospital(name), "site", "join", str(kit), *home))
        print(self.fedsm(self.hub, "site", "accept", made["slug"], "--yes"))
        (self.folder / name / "policy.yaml").write_text("standing_approvals: [{strategies: [fedsm]}]\n")
        self.start(self.hospital(name), name, *FEDSM, "site", "up", "--concurrency", "1", *home)
        return str(made["slug"])

    def is_online(self, slug: str) -> bool:
        """Whether the hub hears the hospital's worker."""
        found = json.loads(self.fedsm(self.hub, "site", "show", slug, "--json", quiet=True))
        return bool(found["state"] != "offline")

    def wait(self, what: str, condition: object) -> None:
        """Ends the demo where it does not come true."""
        assert callable(condition)
        deadline = time.monotonic() + START_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                raise SystemExit(f"{what} did not come up: see the logs in {self.folder}")
            time.sleep(0.5)


def main(folder: Path) -> None:
    """Prints each step, then the scores."""
    started = time.monotonic()
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "data").mkdir(parents=True)
    names = write_fundus_sites(folder / "data", seed=7, image_side=96, num_cases=(24, 20, 22, 20))[:NUM_HOSPITALS]
    with Demo(folder) as demo:
        demo.start_hub()
        print(f"The hub runs: http://{LOOPBACK}:{demo.port}, token {(folder / 'hub' / 'admin-token').read_text()}\n")
        demo.add_federation()
        slugs = [demo.join(name) for name in names]
        for slug in slugs:
            demo.wait(slug, lambda slug=slug: demo.is_online(slug))
        print(f"{len(slugs)} hospitals are online after {time.monotonic() - started:.0f} s.\n")
        for slug in slugs:
            print(demo.fedsm(demo.hub, "dataset", "add", slug, str(demo.data(slug)), "--name", "Fundus"))
        experiment = folder / "experiment.yaml"
        experiment.write_text(EXPERIMENT)
        print(demo.fedsm(demo.hub, "experiment", "create", "-f", str(experiment), "--watch"))
        print(
            f"From nothing to a finished run: {time.monotonic() - started:.0f} s. Each hospital's record of what left:"
        )
        for slug in slugs:
            print(f"  {folder / slug / 'audit.jsonl'}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else ".fedsm-hospitals").resolve())
