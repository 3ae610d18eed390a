"""The Helm chart, rendered and linted by Helm's own engine: each manifest is one that Kubernetes takes."""

from pathlib import Path
from typing import Any

import helm_python
import kubernetes_validate
import pytest
import yaml
from helm_python import chart as charts

from backend.contracts.file_settings import SUFFIX
from backend.settings import Settings

CHART = Path(__file__).resolve().parent.parent.parent / "deploy" / "helm"
HUB = {"publicUrl": "https://fedsm.example.org"}
EVERYTHING = {
    **HUB,
    "existingSecret": "own",
    "externalDatabase": True,
    "s3": {"bucket": "models", "url": "https://s3.example.org", "prefix": "hub", "region": "eu"},
    "simulated": {"replicas": 2, "gpus": 1, "dataClaim": "data"},
    "ingress": {"className": "nginx", "annotations": {"a": "b"}},
    "backendEnvironment": {"FEDSM_SESSION_DAYS": 7},
}


def rendered(values: dict[str, Any]) -> list[dict[str, Any]]:
    with charts.Chart.load(CHART) as chart:
        files = chart.render(values, name="hub", namespace="fedsm")
    return [part for text in files.values() for part in yaml.safe_load_all(text) if part]


def of_kind(parts: list[dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    return {part["metadata"]["name"]: part for part in parts if part["kind"] == kind}


@pytest.mark.parametrize("values", [HUB, EVERYTHING], ids=["few", "all"])
def test_the_chart_passes_the_linter_and_kubernetes_schemas(values: dict[str, Any]) -> None:
    found = charts.lint(CHART, values, strict=True)
    assert [message for message in found["messages"] if message["severity"] > 1] == []
    parts = rendered(values)
    for part in parts:
        kubernetes_validate.validate(part, "1.30", strict=True)
    named = [(part["kind"], part["metadata"]["name"]) for part in parts]
    assert len(named) == len(set(named))


@pytest.mark.parametrize("url", ["", "http://fedsm.example.org", "fedsm.example.org"])
def test_an_address_without_https_is_refused(url: str) -> None:
    with pytest.raises(helm_python.HelmError, match="publicUrl"):
        rendered({"publicUrl": url})


@pytest.mark.parametrize("values", [{"externalDatabase": True}, {"s3": {"bucket": "models"}}], ids=["database", "s3"])
def test_keys_that_the_chart_cannot_make_are_asked_for(values: dict[str, Any]) -> None:
    with pytest.raises(helm_python.HelmError, match="needs existingSecret"):
        rendered(HUB | values)


@pytest.mark.parametrize("values", [HUB, EVERYTHING], ids=["few", "all"])
def test_no_pod_runs_as_root_or_can_change_its_files(values: dict[str, Any]) -> None:
    parts = rendered(values)
    workloads = [*of_kind(parts, "Deployment").values(), *of_kind(parts, "StatefulSet").values()]
    assert len(workloads) == (4 if values["publicUrl"] and values.get("externalDatabase") else 5)
    for workload in workloads:
        pod = workload["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"]
        assert not pod["automountServiceAccountToken"]
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }


def test_secrets_are_made_apart_and_stand_in_no_pod() -> None:
    parts = rendered(HUB)
    [secret] = of_kind(parts, "Secret").values()
    assert set(secret["data"]) == {"admin-token", "worker-token", "broker-password", "database-password"}
    assert len(set(secret["data"].values())) == 4
    pods = yaml.safe_dump([part for part in parts if part["kind"] != "Secret"])
    assert not [value for value in secret["data"].values() if value in pods]
    worker = of_kind(parts, "StatefulSet")["hub-worker-simulated"]["spec"]["template"]["spec"]
    [given] = [volume["secret"] for volume in worker["volumes"] if "secret" in volume]
    assert {item["key"] for item in given["items"]} == {"worker-token", "broker-password"}
    assert of_kind(rendered(EVERYTHING), "Secret") == {}


def test_every_variable_of_the_backend_is_one_that_it_reads() -> None:
    [backend] = of_kind(rendered(EVERYTHING), "Deployment")["hub-backend"]["spec"]["template"]["spec"]["containers"]
    known = {f"FEDSM_{name.upper()}" for name in Settings.model_fields} | {"FORWARDED_ALLOW_IPS", "FEDSM_LOG_FORMAT"}
    assert {entry["name"].removesuffix(SUFFIX) for entry in backend["env"]} <= known


@pytest.mark.parametrize("values", [HUB, EVERYTHING], ids=["few", "all"])
def test_central_workers_read_data_below_one_folder_alone(values: dict[str, Any]) -> None:
    sets = of_kind(rendered(values), "StatefulSet")
    for name in ("hub-worker-simulated", "hub-worker-coordinator"):
        [worker] = sets[name]["spec"]["template"]["spec"]["containers"]
        assert {"name": "FEDSM_DATA_ROOTS", "value": "/data"} in worker["env"]


def test_gpus_and_data_go_to_the_workers_that_train() -> None:
    sets = of_kind(rendered(EVERYTHING), "StatefulSet")
    [simulated] = sets["hub-worker-simulated"]["spec"]["template"]["spec"]["containers"]
    [coordinator] = sets["hub-worker-coordinator"]["spec"]["template"]["spec"]["containers"]
    assert simulated["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert "nvidia.com/gpu" not in coordinator["resources"]["limits"]
    assert [mount["readOnly"] for mount in simulated["volumeMounts"] if mount["mountPath"] == "/data"] == [True]
    assert sets["hub-worker-simulated"]["spec"]["replicas"] == 2
