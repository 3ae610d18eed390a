"""A hub and three hospitals in containers, each on a network of its own that reaches hub:443 or a proxy, and nothing
else: from invitation to a finished FedSM run, although one is cut off, one revoked and one killed for good.

Not part of `make test`: run it with `make test-compose` on a machine with Docker and Compose v2.
"""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fedsm.local.certificates import make_authority, make_certificate
from fedsm.synthetic_fundus import FUNDUS_TASK, write_fundus_sites
from tests.compose.test_compose import PORT, ROOT, Stack, download, wait

HERE = Path(__file__).resolve().parent
#: The networks of tests/compose/hub.yml.
HOSPITALS = ("north", "south", "east")
CUT_SECONDS = 60
NUM_ROUNDS = 14
#: What south's and east's policies say of approvals; at north a person approves.
APPROVED_BY_RULE = """
import pathlib, yaml
file = pathlib.Path("/var/lib/fedsm/policy.yaml")
policy = yaml.safe_load(file.read_text()) | {"standing_approvals": [{"strategies": ["fedsm"]}]}
file.write_text(yaml.safe_dump(policy))
"""
AGENT_REACHES = """
import concurrent.futures, socket, sys
def ask(name):
    host, port = name.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), timeout=3).close()
        return name + " open"
    except OSError:
        return name + " closed"
with concurrent.futures.ThreadPoolExecutor(16) as pool:
    print("\\n".join(pool.map(ask, sys.argv[1:])))
"""


@dataclass
class Hospital:
    """name: of its network, and of its site."""

    name: str
    environment: dict[str, str]

    def compose(self, *arguments: str, kit: str | None = None, check: bool = True) -> str:
        command = ["docker", "compose", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, input=kit, capture_output=True, text=True, check=False
        )
        assert not check or done.returncode == 0, f"{self.name}: {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    @property
    def agent(self) -> str:
        """The container's id."""
        return self.compose("ps", "--quiet", "agent").strip().splitlines()[-1]


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The hub's certificate, and that of east's inspection, each of an authority of its own."""
    folder = tmp_path_factory.mktemp("tls")
    for name in ("hub", "inspection"):
        certificate, key = make_certificate(make_authority(folder / name, f"{name} test authority"), ("hub",))
        (folder / name / "certificate.pem").write_bytes(certificate.read_bytes())
        (folder / name / "key.pem").write_bytes(key.read_bytes())
    open_to_containers(folder)
    return folder


def open_to_containers(folder: Path) -> None:
    subprocess.run(["chmod", "-R", "a+rX", str(folder)], check=True)
    subprocess.run(["chmod", "a+rX", *map(str, folder.parents[:3])], check=True)


def clean_environment() -> dict[str, str]:
    """As in a fresh clone."""
    hidden = ("_TOKEN", "_PASSWORD", "_PROXY", "_proxy")
    return {name: text for name, text in os.environ.items() if not name.endswith(hidden)} | {
        "COMPOSE_ENV_FILES": os.devnull,
        "FEDSM_CONCURRENCY": "1",
        "FEDSM_DEVICE": "cpu",
    }


@pytest.fixture(scope="module")
def hub(tls: Path) -> Iterator[Stack]:
    files = ("docker-compose.yml", "docker-compose.tls.yml", "tests/compose/hub.yml")
    stack = Stack(
        clean_environment()
        | {
            "COMPOSE_PROJECT_NAME": "fedsm-hub-test",
            "COMPOSE_FILE": os.pathsep.join(files),
            "FEDSM_PORT": str(PORT),
            "FEDSM_PUBLIC_URL": "https://hub",
            "FEDSM_TLS_DIR": str(tls / "hub"),
            "TEST_INSPECTION_DIR": str(tls / "inspection"),
            "TEST_AUTHORITY": str(tls / "hub" / "ca.pem"),
        }
    )
    site_image = {"COMPOSE_FILE": "docker-compose.site.yml"}
    try:
        Hospital("image", stack.environment | site_image).compose("build", "--quiet", "agent")
        stack.compose("build", "--quiet", "backend", "worker-coordinator")
        stack.compose("up", "--detach", "--wait", "--wait-timeout", "240", "--scale", "worker-simulated=0")
        stack.sign_in(r"https://hub")
        yield stack
    finally:
        print(stack.compose("logs", "--no-color", "--tail", "40", check=False))
        stack.compose("down", "--volumes", "--remove-orphans", check=False)


@pytest.fixture(scope="module")
def hospitals(hub: Stack, tls: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Hospital]]:
    """Each with data of its own; none has joined."""
    data = tmp_path_factory.mktemp("hospitals")
    written = write_fundus_sites(data, seed=1, image_side=64, num_cases=(14, 12, 10))
    open_to_containers(data)
    ways = {
        "north": {"FEDSM_CA_BUNDLE": str(tls / "hub" / "ca.pem")},
        "south": {
            "FEDSM_CA_BUNDLE": str(tls / "hub" / "ca.pem"),
            "HTTPS_PROXY": "http://clinic:pass%20word@proxy:3128",
        },
        "east": {"FEDSM_CA_BUNDLE": str(tls / "inspection" / "ca.pem"), "HTTPS_PROXY": "http://proxy:3128"},
    }
    made = {
        name: Hospital(
            name,
            clean_environment()
            | way
            | {
                "COMPOSE_PROJECT_NAME": f"fedsm-{name}-test",
                "COMPOSE_FILE": os.pathsep.join(("docker-compose.site.yml", "tests/compose/hospital.yml")),
                "TEST_NETWORK": f"fedsm-test-{name}",
                "FEDSM_DATA_DIR": str(data / folder),
                "FEDSM_POLL_SECONDS": "10",
            },
        )
        for (name, way), folder in zip(ways.items(), written, strict=False)
    }
    try:
        yield made
    finally:
        for hospital in made.values():
            print(hospital.name, hospital.compose("logs", "--no-color", "--tail", "25", check=False))
            hospital.compose("down", "--volumes", "--timeout", "5", check=False)


@pytest.fixture(scope="module")
def joined(hub: Stack, hospitals: dict[str, Hospital]) -> str:
    """The federation's id, with every hospital online and its data in use. Each joined by the three commands of the
    guide."""
    federation = hub.post("/federations", {"name": "Hospitals", "task": FUNDUS_TASK.model_dump(mode="json")})
    for name, hospital in hospitals.items():
        site = hub.post(f"/federations/{federation['id']}/sites", {"name": name, "slug": name, "kind": "real"})
        kit = json.dumps(hub.post(f"/sites/{site['id']}/invitation"))
        checked = hospital.compose("run", "--rm", "-T", "check", kit=kit)
        assert "NOT OK" not in checked, checked
        assert "ok      certificate: verified" in checked
        words = hospital.compose("run", "--rm", "-T", "join", kit=kit)
        link = next(found["link"] for found in sites(hub, federation["id"]) if found["slug"] == name)
        assert link["phrase"] in words, "both sides read the same six words, also where TLS is inspected"
        hub.post(f"/sites/{site['id']}/credential/accept", {"fingerprint": link["fingerprint"]})
        hospital.compose("up", "--detach")
    for site in sites(hub, federation["id"]):
        name = str(site["slug"])
        hospitals[name].compose("up", "--detach", "--wait", "--wait-timeout", "240")
        if name != "north":
            hospitals[name].compose("exec", "-T", "agent", "python3", "-c", APPROVED_BY_RULE)
        dataset = hub.post(f"/sites/{site['id']}/datasets", {"name": "Fundus", "folder": "/data"})
        path = f"/datasets/{dataset['id']}"
        wait(lambda path=path: hub.get(path)["status"] == "ready", 120, f"{name}'s data set is checked")  # type: ignore[index]
    return str(federation["id"])


def sites(hub: Stack, federation_id: object) -> list[dict[str, object]]:
    return list(dict(hub.get(f"/federations/{federation_id}"))["sites"])  # type: ignore[call-overload]


def test_a_hospitals_containers_are_confined(hospitals: dict[str, Hospital], joined: str) -> None:
    """Read-only, without root, capabilities and ways to gain them; the worker has no network, the agent no data."""
    for service in ("agent", "queue", "worker"):
        name = hospitals["north"].compose("ps", "--quiet", service).strip().splitlines()[-1]
        (found,) = json.loads(subprocess.run(["docker", "inspect", name], capture_output=True, check=True).stdout)
        host = found["HostConfig"]
        assert (host["ReadonlyRootfs"], host["CapDrop"], host["SecurityOpt"]) == (
            True,
            ["ALL"],
            ["no-new-privileges:true"],
        )
        assert found["Config"]["User"] == "10001:10001"
        assert not host["PortBindings"]
        assert (host["NetworkMode"] == "none") == (service != "agent")
        mounts = {mount["Destination"]: mount["RW"] for mount in found["Mounts"]}
        assert mounts.get("/data") is (False if service == "worker" else None)
        assert ("/var/lib/fedsm" in mounts) == (service != "queue")
    interfaces = hospitals["north"].compose("exec", "-T", "worker", "ls", "/sys/class/net").split()
    assert interfaces == ["lo"]
    key = ("exec", "-T", "worker", "ls", "/var/lib/fedsm")
    assert "site-key" not in hospitals["north"].compose(*key), "the worker has no key"


@pytest.mark.parametrize(
    ("name", "reached"), [("north", ["hub:443"]), ("south", ["proxy:3128"]), ("east", ["proxy:3128"])]
)
def test_a_hospital_reaches_one_address(
    hospitals: dict[str, Hospital], joined: str, name: str, reached: list[str]
) -> None:
    asked = ["hub:443", "hub:8000", "proxy:3128", "backend:8000", "redis:6379", "postgres:5432", "9.9.9.9:443"]
    said = hospitals[name].compose("exec", "-T", "agent", "python3", "-c", AGENT_REACHES, *asked)
    assert [line.split()[0] for line in said.splitlines() if line.endswith("open")] == reached


@pytest.fixture(scope="module")
def finished_run(hub: Stack, hospitals: dict[str, Hospital], joined: str) -> str:
    """The id of a FedSM run: east was cut off for a minute, south revoked, north killed for good."""
    config = {
        "data": {"image_size": 64},
        "network": {"channels": [8, 16, 32]},
        "schedule": {"rounds": NUM_ROUNDS, "batch_size": 4},
        "minimum_sites": 1,
        "waiting": {"absent_minutes": 0.2},
        "strategies": [{"name": "fedsm"}],
    }
    experiment = hub.post(f"/federations/{joined}/experiments", {"name": "FedSM", "config": config})
    hub.post(f"/experiments/{experiment['id']}/start")
    run_id = str(experiment["runs"][0]["id"])  # type: ignore[index]

    def run() -> dict[str, object]:
        return dict(hub.get(f"/runs/{run_id}"))  # type: ignore[call-overload]

    def reach(number: int) -> None:
        wait(lambda: int(str(run()["round"])) >= number or run()["status"] == "failed", 300, f"round {number} is open")
        assert run()["status"] == "running", run()

    approve = ("exec", "-T", "agent", "fedsm", "site", "approve", run_id, "--yes", "--name", "Dr. Berg")
    wait(lambda: "approved" in hospitals["north"].compose(*approve, check=False), 120, "north approves the run")
    reach(2)
    cut = ("fedsm-test-east", hospitals["east"].agent)
    hub.run("docker", "network", "disconnect", *cut)
    began = time.monotonic()
    wait(lambda: state_of(hub, joined, "east") == "offline", 90, "east is missed")
    time.sleep(max(0.0, CUT_SECONDS - (time.monotonic() - began)))
    hub.run("docker", "network", "connect", *cut)
    wait(lambda: state_of(hub, joined, "east") != "offline", 120, "east is back by itself")
    assert run()["status"] == "running", "the run ended before south was revoked: give it more rounds"
    south = next(site["id"] for site in sites(hub, joined) if site["slug"] == "south")
    hub.post(f"/sites/{south}/credential/revoke", {"reason": "the workstation was stolen"})
    assert run()["status"] == "running", "the run ended before north was killed: give it more rounds"
    hospitals["north"].compose("kill")
    wait(lambda: run()["status"] in ("completed", "failed"), 600, "the run ends")
    assert run()["status"] == "completed", run()["failure"]
    return run_id


def state_of(hub: Stack, federation_id: str, slug: str) -> object:
    return next(site["state"] for site in sites(hub, federation_id) if site["slug"] == slug)


def test_the_run_says_what_happened(hub: Stack, finished_run: str, joined: str) -> None:
    tasks = list(hub.get(f"/runs/{finished_run}/tasks"))  # type: ignore[call-overload]
    trained = {
        name: {task["round"] for task in tasks if (task["participant"], task["status"]) == (name, "completed")}
        for name in HOSPITALS
    }
    assert NUM_ROUNDS in trained["east"], "the one that was cut off took part again, to the end"
    assert NUM_ROUNDS not in trained["south"] | trained["north"]
    said = [str(event["message"]) for event in hub.get(f"/events?federation_id={joined}&limit=1000")]  # type: ignore[attr-defined]
    for name in HOSPITALS:
        assert any(name in line and "without" in line for line in said), f"nothing is said of {name}: {said[-40:]}"
    assert any("south" in line and "revoke" in line for line in said), said[-40:]


def test_a_revoked_hospital_is_told_so(hospitals: dict[str, Hospital], finished_run: str) -> None:
    said = hospitals["south"].compose("exec", "-T", "agent", "fedsm", "site", "status", check=False)
    assert "revoked" in said or "ended" in said, said


def test_a_model_of_the_run_predicts(hub: Stack, hospitals: dict[str, Hospital], finished_run: str) -> None:
    image = next(Path(hospitals["east"].environment["FEDSM_DATA_DIR"]).rglob("*.png"))
    answer = hub.rest.post(f"/runs/{finished_run}/predictions", params={"name": image.name}, content=image.read_bytes())
    assert answer.is_success, answer.text
    path = f"/predictions/{answer.json()['id']}"
    wait(lambda: hub.get(path)["status"] in ("completed", "failed"), 120, "the prediction is there")  # type: ignore[index]
    found = dict(hub.get(path))  # type: ignore[call-overload]
    assert found["status"] == "completed", found
    assert download(hub, found["masks"][0]["mask_url"])[:2] == b"\x1f\x8b"  # gzip
