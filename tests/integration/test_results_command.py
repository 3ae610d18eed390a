"""`fedsm experiment results`, `fedsm experiment compare` and `fedsm run ...` on a finished experiment."""

import csv
import io
import json
from pathlib import Path

import pytest

from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.methods.references import FedAvgConfig
from backend.contracts.selector_configs import LdaSelector
from backend.experiments.schemas import ExperimentRecord
from tests.integration.live_platform import LivePlatform
from tests.integration.runs import await_experiment
from tests.integration.test_cli import fedsm
from tests.integration.tiny_data import SITES, TASK, tiny_config

STRATEGIES = (FedSMConfig(selector=LdaSelector(minimum_cases=2)), FedAvgConfig())


@pytest.fixture(scope="module")
def finished(platform: LivePlatform, sites: dict[str, Path]) -> ExperimentRecord:
    federation = platform.add_federation("Results command", TASK, sites)
    return await_experiment(platform, platform.start_experiment(federation, "Two", tiny_config(*STRATEGIES)))


def printed(platform: LivePlatform, *arguments: str) -> str:
    done = fedsm(platform, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_table_of_any_metric(platform: LivePlatform, finished: ExperimentRecord) -> None:
    text = printed(platform, "experiment", "results", finished.id, "--metric", "hd95", "--checkpoint", "last")
    assert "Mean HD95 (px) on test cases, lower is better" in text
    assert all(site in text for site in SITES)


def test_every_format(platform: LivePlatform, finished: ExperimentRecord) -> None:
    cells = list(
        csv.DictReader(io.StringIO(printed(platform, "experiment", "results", finished.id, "--format", "csv")))
    )
    assert {cell["metric"] for cell in cells} >= {"dice", "assd"}
    cases = list(
        csv.DictReader(io.StringIO(printed(platform, "experiment", "results", finished.id, "--format", "cases")))
    )
    assert {case["model"] for case in cases} >= {"global", "super"}
    assert len(json.loads(printed(platform, "experiment", "results", finished.id, "--json"))["results"]) == 8
    latex = printed(platform, "experiment", "results", finished.id, "--format", "latex", "--baseline", "FedAvg")
    assert r"\toprule" in latex
    assert "Wilcoxon" in latex


def test_effort_and_the_gap(platform: LivePlatform, finished: ExperimentRecord) -> None:
    """Without a centralized run the terms begin at the global model, and what to add is said."""
    text = printed(platform, "experiment", "gap", finished.id)
    assert all(
        word in text for word in ("Global model", "personalization", "threshold", "missing: drift: no centralized")
    )
    lines = list(csv.DictReader(io.StringIO(printed(platform, "experiment", "gap", finished.id, "--format", "csv"))))
    assert {"personalization", "routing", "threshold", "checkpoint", "gap"} <= {line["key"] for line in lines}
    assert r"\toprule" in printed(platform, "experiment", "gap", finished.id, "--format", "latex")
    effort = json.loads(printed(platform, "run", "effort", finished.runs[0].id, "--json"))
    assert [entry["model"] for entry in effort["models"]] == ["global", "personalized", "super"]
    assert all(entry["steps"] > 0 and entry["images"] >= entry["steps"] for entry in effort["models"])
    assert "steps" in printed(platform, "experiment", "results", finished.id)


def test_methods_are_compared(platform: LivePlatform, finished: ExperimentRecord) -> None:
    text = printed(platform, "experiment", "compare", finished.id, "--baseline", "FedAvg")
    assert "Dice less that of FedAvg (global)" in text
    assert "Wilcoxon" in text
    unknown = fedsm(platform, "experiment", "compare", finished.id, "--baseline", "FedProx")
    assert unknown.returncode == 2
    assert "baseline = FedProx" in unknown.stderr


def test_a_run_has_its_matrix_and_its_selector(platform: LivePlatform, finished: ExperimentRecord) -> None:
    text = printed(platform, "run", "matrix", finished.runs[0].id)
    assert "own site's (site known)" in text
    assert "personalized/site-b" in text
    text = printed(platform, "run", "selector", finished.runs[0].id)
    assert "accuracy" in text
    assert "The super model at" in text
    none = fedsm(platform, "run", "selector", finished.runs[1].id)
    assert none.returncode == 2
    assert "has no model selector" in none.stderr


def test_runs_are_compared_side_by_side(platform: LivePlatform, finished: ExperimentRecord) -> None:
    first, second = (run.id for run in finished.runs)
    text = printed(platform, "run", "compare", first, second)
    assert "strategy.lambda" in text
    assert "all that train" in text
    answer = json.loads(printed(platform, "run", "compare", first, second, "--metric", "hd95", "--json"))
    assert [entry["run"]["id"] for entry in answer["runs"]] == [first, second]
    alone = fedsm(platform, "run", "compare", first)
    assert alone.returncode == 2
    assert "give 2 to 8" in alone.stderr
