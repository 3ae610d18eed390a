"""The tables of docs/hospital.md, from the agent's settings, a hospital's policy and docker-compose.site.yml.

`make openapi` runs it, and a test says where the guide is stale.
"""

from pathlib import Path
from typing import Any

import yaml

from fedsm.site_agent.data_flows import Places, connections, flows, markdown
from fedsm.site_agent.policy import HospitalPolicy

ROOT = Path(__file__).resolve().parent.parent
GUIDE = ROOT / "docs" / "hospital.md"
COMPOSE = ROOT / "docker-compose.site.yml"
#: What each mount of a container holds. One that is missing here has no words yet: the guide must say what it is.
MOUNTS = {
    "site": "the site's key, policy and record",
    "work": "models and what training keeps",
    "sockets": "the sockets",
    "${FEDSM_DATA_DIR:-./data}": "the data",
    "${FEDSM_CA_BUNDLE:-/dev/null}": "certificates to trust",
}


def with_tables(text: str) -> str:
    """The guide with its tables as the code has them. Raises ValueError where one of its marks is missing."""
    for name, table in tables().items():
        start, end = f"<!-- {name}: written by make openapi -->\n", f"<!-- end of {name} -->"
        before, found, rest = text.partition(start)
        _, found_end, after = rest.partition(end)
        if not (found and found_end):
            raise ValueError(f"the guide lacks {start.strip()!r} or {end!r}: put both around its table")
        text = before + start + table + end + after
    return text


def tables() -> dict[str, str]:
    """By the name in their marks."""
    policy = HospitalPolicy()
    return {
        "network": markdown(connections(Places())),
        "flows": markdown(flows(policy)),
        "policy": _policy_table(),
        "containers": _containers_table(yaml.safe_load(COMPOSE.read_text())),
    }


def _policy_table() -> str:
    rows = [
        f"| `{name}` | {_default(field.default)} | {field.description} |\n"
        for name, field in HospitalPolicy.model_fields.items()
    ]
    return "| line | default | what it decides |\n|---|---|---|\n" + "".join(rows)


def _default(value: Any) -> str:
    if value is None or value == ():
        return "left out"
    return f"`{str(value).lower()}`"


def _containers_table(compose: dict[str, Any]) -> str:
    rows = ["| container | network | what it has |\n|---|---|---|\n"]
    for name, service in compose["services"].items():
        if service.get("restart") == "unless-stopped":  # the others end by themselves
            network = "none" if service.get("network_mode") == "none" else "out to the hub"
            rows.append(f"| `{name}` | {network} | {'; '.join(map(_mount, service['volumes']))} |\n")
    return "".join(rows)


def _mount(volume: str) -> str:
    """As `source:/target` or `source:/target:ro`; the source may hold colons itself."""
    source, _, target = volume.removesuffix(":ro").rpartition(":")
    assert target.startswith("/")
    return MOUNTS[source] + (", read only" if volume.endswith(":ro") else "")


if __name__ == "__main__":
    GUIDE.write_text(with_tables(GUIDE.read_text()))
