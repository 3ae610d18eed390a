"""What the compose files give each service: settings that exist, and no folder but the one of data."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from backend.contracts.file_settings import SUFFIX
from backend.settings import Settings
from fedsm.site_agent.network import CA_BUNDLE
from fedsm.site_agent.settings import AgentSettings
from worker.process.settings import WorkerSettings

ROOT = Path(__file__).resolve().parent.parent.parent


def services(file: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / file).read_text())["services"]
    return found


def names_of(*settings: type[Any]) -> set[str]:
    return {f"FEDSM_{name.upper()}" for one in settings for name in one.model_fields} | {
        "REDIS_URL",
        "FEDSM_LOG_FORMAT",
    }


@pytest.mark.parametrize("worker", ["worker-coordinator", "worker-simulated"])
def test_a_central_worker_reads_data_below_one_folder_alone(worker: str) -> None:
    assert services("docker-compose.yml")[worker]["environment"]["FEDSM_DATA_ROOTS"] == "/data"


def test_the_backend_takes_every_setting_from_a_file_that_may_be_absent() -> None:
    assert services("docker-compose.yml")["backend"]["env_file"] == [{"path": "hub.env", "required": False}]
    ignored = subprocess.run(["git", "check-ignore", "--quiet", "hub.env"], cwd=ROOT, check=False)
    assert ignored.returncode == 0, "secrets in it stay out of the repository"
    assert "hub.env" in (ROOT / ".dockerignore").read_text().splitlines(), "and out of the images"


@pytest.mark.parametrize(
    ("file", "service", "settings"),
    [
        ("docker-compose.yml", "backend", (Settings,)),
        ("docker-compose.yml", "worker-coordinator", (WorkerSettings,)),
        ("docker-compose.yml", "worker-simulated", (WorkerSettings,)),
        ("docker-compose.site.yml", "agent", (AgentSettings,)),
        ("docker-compose.site.yml", "worker", (WorkerSettings,)),
    ],
)
def test_every_variable_is_one_that_the_service_reads(file: str, service: str, settings: tuple[type[Any], ...]) -> None:
    given = {name.removesuffix(SUFFIX) for name in services(file)[service]["environment"]}
    others = {"HTTPS_PROXY", "NO_PROXY", "TZ", CA_BUNDLE}
    assert given - others <= names_of(*settings)


def test_a_hospitals_images_are_built_here_or_name_their_registry() -> None:
    """Podman guesses no registry."""
    for name, service in services("docker-compose.site.yml").items():
        assert "build" in service or service["image"].startswith("docker.io/"), name
