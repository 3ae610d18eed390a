"""Results over HTTP from played scores: tables, paired tests, the matrix, the selector and the exports."""

import csv
import io
from typing import Any

import numpy as np
import pytest
from scipy import stats

from backend import VERSION
from tests.backend.backend_states import saved_state
from tests.backend.conftest import FEDSM, make_experiment
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker

NUM_CASES = 8
SITES = ("a", "b", "c")


@saved_state
def eight_cases(backend: LiveBackend, worker: PlayedWorker) -> dict[str, Any]:
    """Three simulated sites with eight test cases each; the structures' names are nasty to LaTeX."""
    worker.num_test_cases = NUM_CASES
    structures = [{"name": "disc & 50_%", "label_values": [1]}, {"name": "cup", "label_values": [2]}]
    federation: dict[str, Any] = backend.post("/federations", {"name": "Eyes", "task": {"structures": structures}})
    for name in SITES:
        site = backend.post(f"/federations/{federation['id']}/sites", {"name": name})
        backend.post(f"/sites/{site['id']}/datasets", {"name": "Fundus", "folder": f"/data/{name}"})
    worker.work_until_idle()
    return federation


def number(case: str) -> int:
    """0 to 7 of the test cases `case-3` to `case-10`."""
    return int(case.rpartition("-")[2]) - 3


def finish(backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any], **config: Any) -> dict[str, Any]:
    experiment = make_experiment(backend, federation, **config)
    backend.post(f"/experiments/{experiment['id']}/start")
    worker.work_until_idle()
    done: dict[str, Any] = backend.get(f"/experiments/{experiment['id']}")
    assert done["status"] == "completed"
    return done


def cell_of(cells: list[dict[str, Any]], **wanted: Any) -> dict[str, Any]:
    (cell,) = [cell for cell in cells if all(cell[key] == value for key, value in wanted.items())]
    return cell


def test_the_matrix_has_every_model_on_every_site_with_oracle_and_super_rows(
    backend: LiveBackend, worker: PlayedWorker, eight_cases: dict[str, Any]
) -> None:
    """Site c is held out: it has no model, and the pooled column is of a and b alone."""
    worker.test_dice = lambda payload, _case, model: {
        ("a", "global"): 0.5,
        ("a", "personalized/a"): 0.8,
        ("a", "personalized/b"): 0.2,
        ("b", "global"): 0.4,
        ("b", "personalized/a"): 0.1,
        ("b", "personalized/b"): 0.6,
        ("c", "global"): 0.3,
        ("c", "personalized/a"): 0.7,
        ("c", "personalized/b"): 0.25,
    }[payload["participant"], model]
    # The selector takes half of b's cases for a's, is certain of every one, and takes c's for a's.
    worker.probabilities = lambda payload, case: (
        {"a": 0.02, "b": 0.98} if payload["participant"] == "b" and number(case) < 4 else {"a": 0.95, "b": 0.05}
    )
    done = finish(backend, worker, eight_cases, strategies=[FEDSM], held_out_sites=["c"])
    run_id = done["runs"][0]["id"]
    matrix = backend.get(f"/runs/{run_id}/matrix")
    means = {row["model"]: [cell["mean"] for cell in row["cells"]] for row in matrix["rows"]}
    assert matrix["sites"] == ["a", "b", "c"]
    assert matrix["unseen_sites"] == ["c"]
    assert means == {
        "global": pytest.approx([0.5, 0.4, 0.3, 0.45]),
        "personalized/a": pytest.approx([0.8, 0.1, 0.7, 0.45]),
        "personalized/b": pytest.approx([0.2, 0.6, 0.25, 0.4]),
        "own": [pytest.approx(0.8), pytest.approx(0.6), None, pytest.approx(0.7)],
        "super": pytest.approx([0.8, (0.6 + 0.1) / 2, 0.7, (0.8 + 0.35) / 2]),
    }
    assert [cell["num_cases"] for cell in matrix["rows"][0]["cells"]] == [8, 8, 8, 16]
    best = {row["model"]: [cell["best"] for cell in row["cells"]] for row in matrix["rows"]}
    assert [best[model][0] for model in means] == [False, True, False, True, True], "all that tie in column a"
    assert matrix["rows"][3]["cells"][2]["text"] == "\u2013"
    hd95 = backend.get(f"/runs/{run_id}/matrix", metric="hd95", structure="cup")
    assert hd95["higher_is_better"] is False
    assert hd95["rows"][0]["cells"][0]["mean"] == pytest.approx(10 * (1 - 0.5))
    results = backend.get(f"/experiments/{done['id']}/results")
    assert cell_of(results["cells"], model="super", site_slug="c", structure=None)["unseen"] is True
    assert cell_of(results["cells"], model="super", site_slug=None, structure="cup")["mean"] == pytest.approx(0.575)


def test_the_selector_is_swept_over_gamma_from_what_is_stored(
    backend: LiveBackend, worker: PlayedWorker, eight_cases: dict[str, Any]
) -> None:
    """Case i of every site has confidence 0.56 + 0.05 i; the last of a is taken for b's. A case's own model has 0.9,
    the global one 0.6, a wrong one 0."""
    worker.test_dice = lambda payload, _case, model: (
        0.6 if model == "global" else 0.9 if model == f"personalized/{payload['participant']}" else 0.0
    )

    def probabilities(payload: dict[str, Any], case: str) -> dict[str, float]:
        site, confidence = payload["participant"], 0.56 + 0.05 * number(case)
        best = "b" if site == "a" and number(case) == NUM_CASES - 1 else site
        return {slug: confidence if slug == best else (1 - confidence) / 2 for slug in SITES}

    worker.probabilities = probabilities
    done = finish(backend, worker, eight_cases, strategies=[FEDSM])
    selector = backend.get(f"/runs/{done['runs'][0]['id']}/selector")
    (pooled,) = [group for group in selector["groups"] if group["site_slug"] is None]
    sweep = {point["gamma"]: point for point in pooled["sweep"]}
    assert sweep[0]["mean"] == pytest.approx((23 * 0.9 + 0) / 24)
    assert (sweep[1]["mean"], sweep[1]["share_global"]) == (pytest.approx(0.6), 1)
    # Above 0.72 are the confidences 0.76, 0.81, 0.86, 0.91: four cases a site, of which one is wrong.
    assert sweep[0.72]["mean"] == pytest.approx((12 * 0.6 + 11 * 0.9) / 24)
    assert sweep[0.72]["share_global"] == pytest.approx(0.5)
    assert sweep[selector["gamma"]]["mean"] == pytest.approx(pooled["mean"])
    calibration = pooled["calibration"]
    assert calibration["accuracy"] == pytest.approx(23 / 24)
    right = [0.56 + 0.05 * i for _ in range(3) for i in range(8)]
    right[7] = (1 - 0.91) / 2
    assert calibration["nll"] == pytest.approx(-np.log(right).mean())
    assert calibration["ece"] == pytest.approx(_ece(), abs=1e-9)
    confusion = backend.get(f"/experiments/{done['id']}/results")["selectors"][0]["confusion"]
    assert confusion[0]["chosen"] == {"a": 7, "b": 1, "c": 0}


def _ece() -> float:
    """By numpy, over ten bins."""
    confidence = np.tile(0.56 + 0.05 * np.arange(8), 3)
    right = np.ones(24)
    right[7] = 0
    bins = np.ceil(confidence * 10)
    gaps = [abs((right - confidence)[bins == b].sum()) for b in np.unique(bins)]
    return float(sum(gaps) / 24)


def test_provenance_names_who_when_and_the_data(
    backend: LiveBackend, worker: PlayedWorker, eight_cases: dict[str, Any]
) -> None:
    waiting = make_experiment(backend, eight_cases)
    found = backend.get(f"/experiments/{waiting['id']}/provenance")
    assert (found["created_by"], found["started_at"], found["finished_at"]) == (waiting["created_by"], None, None)
    assert (found["data"], found["code_versions"]) == ([], [])
    done = finish(backend, worker, eight_cases, seeds=[0, 1])
    found = backend.get(f"/experiments/{done['id']}/provenance")
    assert found["finished_at"] == max(run["finished_at"] for run in done["runs"])
    assert found["code_versions"] == [VERSION]
    assert [entry["site_slug"] for entry in found["data"]] == list(SITES)
    assert all(entry["fingerprint"] for entry in found["data"])


def test_best_and_last_round_are_both_tested(
    backend: LiveBackend, worker: PlayedWorker, eight_cases: dict[str, Any]
) -> None:
    worker.dice = lambda _participant, round_number: {0: 0.1, 1: 0.4, 2: 0.8, 3: 0.6}[round_number]
    worker.test_dice = lambda payload, _case, _model: 0.2 * payload["round"]
    done = finish(backend, worker, eight_cases, schedule={"rounds": 3})
    assert done["runs"][0]["best_round"] == 2
    for checkpoint, expected in (("best", 0.4), ("last", 0.6)):
        results = backend.get(f"/experiments/{done['id']}/results", checkpoint=checkpoint)
        assert cell_of(results["cells"], site_slug=None, structure=None)["mean"] == pytest.approx(expected)
    assert backend.get(f"/runs/{done['runs'][0]['id']}/cases")["round"] == 2


@saved_state
def compared(backend: LiveBackend, worker: PlayedWorker, eight_cases: dict[str, Any]) -> dict[str, Any]:
    """FedAvg at 0.5 on every case; local-only better by a little more on each case, centralized by noise of both
    signs; seed 1 adds 0.02 to all."""
    noise = np.random.default_rng(4).normal(0, 0.05, (3, NUM_CASES))

    def dice(payload: dict[str, Any], case: str, model: str) -> float:
        name, seed = payload["run"]["strategy"]["name"], payload["run"]["seed"]
        site = SITES.index(payload["participant"])
        extra = {
            "fedavg": 0.0,
            "local-only": 0.01 * (1 + number(case) + 8 * site) if model.endswith(payload["participant"]) else -0.5,
            "centralized": float(noise[site, number(case)]),
        }[name]
        return 0.5 + extra + 0.02 * seed

    worker.test_dice = dice
    strategies = [{"name": name} for name in ("fedavg", "local-only", "centralized")]
    done = finish(backend, worker, eight_cases, strategies=strategies, seeds=[0, 1])
    return done | {"noise": noise.tolist()}


def test_methods_are_compared_by_paired_tests_on_cases(backend: LiveBackend, compared: dict[str, Any]) -> None:
    """p by scipy, and by hand after Holm; two seeds of a case are one pair."""
    found = backend.get(f"/experiments/{compared['id']}/comparison", baseline="FedAvg")
    assert found["baseline_model"] == "global"
    assert "Wilcoxon" in found["test"]
    assert "Holm" in found["test"]
    noise = np.array(compared["noise"])
    for column, differences in (*zip(SITES, noise, strict=True), (None, noise.ravel())):
        local = cell_of(found["cells"], strategy_label="Local-only", site_slug=column)
        central = cell_of(found["cells"], strategy_label="Centralized", site_slug=column)
        num_pairs = 24 if column is None else 8
        assert (local["num_pairs"], central["num_pairs"]) == (num_pairs, num_pairs)
        assert local["p"] == pytest.approx(2 / 2**num_pairs)
        assert local["p_holm"] == pytest.approx(2 * local["p"])
        assert central["p"] == pytest.approx(stats.wilcoxon(differences, method="exact").pvalue)
        assert central["p_holm"] == pytest.approx(max(central["p"], local["p_holm"]))
        assert central["difference"] == pytest.approx(differences.mean())
        assert central["low"] < central["difference"] < central["high"]
        assert central["baseline_mean"] == pytest.approx(0.51)


def test_a_seed_that_one_method_lacks_makes_no_difference(
    backend: LiveBackend, worker: PlayedWorker, eight_cases: dict[str, Any]
) -> None:
    """Both methods score alike, and seed 1 better than seed 0; local-only's run of seed 1 fails."""
    worker.test_dice = lambda payload, _case, _model: 0.5 + 0.1 * payload["run"]["seed"]
    strategies = [{"name": "fedavg"}, {"name": "local-only"}]
    experiment = make_experiment(backend, eight_cases, strategies=strategies, seeds=[0, 1], minimum_sites=3)
    (fails,) = [run for run in experiment["runs"] if run["strategy_label"] == "Local-only" and run["seed"] == 1]
    backend.post(f"/runs/{fails['id']}/cancel")
    backend.post(f"/experiments/{experiment['id']}/start")
    worker.work_until_idle()
    assert backend.get(f"/runs/{fails['id']}")["status"] == "cancelled"
    found = backend.get(f"/experiments/{experiment['id']}/comparison", baseline="FedAvg")
    pooled = cell_of(found["cells"], strategy_label="Local-only", site_slug=None)
    assert (pooled["num_pairs"], pooled["difference"], pooled["p"]) == (24, pytest.approx(0), 1)


@pytest.mark.parametrize(
    ("query", "field"),
    [({"baseline": "FedSM"}, "baseline"), ({"baseline": "FedAvg", "model": "super"}, "model")],
)
def test_what_is_not_in_the_experiment_is_refused(
    backend: LiveBackend, compared: dict[str, Any], query: dict[str, str], field: str
) -> None:
    answer = backend.admin.get(f"/api/v1/experiments/{compared['id']}/comparison", params=query)
    assert answer.status_code == 422
    assert answer.json()["fields"][0]["field"] == field
    assert "choose among" in answer.text
    structure = {"baseline": "FedAvg", "structure": "rim"}
    assert backend.admin.get(f"/api/v1/experiments/{compared['id']}/comparison", params=structure).status_code == 422


def test_the_latex_table_escapes_marks_and_names_its_test(backend: LiveBackend, compared: dict[str, Any]) -> None:
    query = {"structure": "disc & 50_%", "baseline": "FedAvg", "model": "global", "metric": "nsd"}
    answer = backend.admin.get(f"/api/v1/experiments/{compared['id']}/results.tex", params=query)
    assert answer.status_code == 200, answer.text
    lines = answer.text.splitlines()
    caption = next(line for line in lines if line.startswith(r"\caption"))
    assert r"disc \& 50\_\%" in caption
    for words in ("NSD", "tolerance", "over 2 seeds", "Wilcoxon", "n = 8", "n = 24", "best round"):
        assert words in caption
    local = next(line for line in lines if line.startswith("Local-only"))
    # 0.5 + 0.01 * 4.5 + 0.01 over both seeds; the deviation of two seeds 0.02 apart is 0.0141.
    assert r"$^{\dagger}$" in local
    assert r"\textbf{0.555} $\pm$ 0.014$^{\dagger}$" in local
    # Method, model, all sites, worst site, and three sites.
    assert local.count("&") == 6
    assert r"\textbf{0.635} $\pm$ 0.014$^{\dagger}$" in local
    assert r"\dagger" not in next(line for line in lines if line.startswith("FedAvg"))
    below = lines[lines.index(local) + 1]
    assert below.startswith(r" &  & {\scriptsize $+"), "the signed differences with their intervals"
    assert below.count("&") == 6
    unknown = backend.admin.get(f"/api/v1/experiments/{compared['id']}/results.tex", params=query | {"model": "super"})
    assert unknown.status_code == 422


def test_the_shown_table_is_exported_as_shown(backend: LiveBackend, compared: dict[str, Any]) -> None:
    """Local-only is best at every site, so centralized or FedAvg is last; the worst site of local-only is the first."""
    query = {"baseline": "FedAvg", "sort": "all", "order": "worst", "structure": "cup"}
    shown = backend.get(f"/experiments/{compared['id']}/table.json", **query)
    assert [column["key"] for column in shown["columns"]] == ["all", "worst", "site/a", "site/b", "site/c"]
    means = [row["cells"][0]["score"]["mean"] for row in shown["rows"]]
    assert means == sorted(means)
    local = shown["rows"][-1]
    assert local["strategy_label"] == "Local-only"
    assert [cell["best"] for cell in local["cells"]] == [True] * 5
    assert local["cells"][1]["score"]["site_slug"] == "a"
    # 0.5 + 0.01 x 4.5 + 0.01 less the baseline's 0.51.
    assert local["cells"][2]["difference"]["difference"] == pytest.approx(0.045)
    answer = backend.admin.get(f"/api/v1/experiments/{compared['id']}/table.csv", params=query)
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["method"] for row in rows] == [row["strategy_label"] for row in shown["rows"]]
    assert float(rows[-1]["a mean"]) == pytest.approx(0.555)
    assert float(rows[-1]["a difference"]) == pytest.approx(0.045)
    assert (rows[-1]["a n"], rows[-1]["a pairs"], rows[-1]["Worst site site"]) == ("8", "8", "a")
    tex = backend.admin.get(f"/api/v1/experiments/{compared['id']}/results.tex", params=query).text
    heads = [line.partition(" ")[0] for line in tex.splitlines() if line.endswith(r"\\") and line[0] not in "M "]
    assert heads == [row["method"].partition(" ")[0] for row in rows]
    bare = backend.admin.get(f"/api/v1/experiments/{compared['id']}/table.csv").text
    assert "difference" not in bare
    unknown = backend.admin.get(f"/api/v1/experiments/{compared['id']}/table.csv", params={"sort": "site/z"})
    assert unknown.status_code == 422
    assert "choose among all, worst, site/a" in unknown.text


def test_no_export_holds_a_formula_and_latex_prints_every_character(backend: LiveBackend, worker: PlayedWorker) -> None:
    """A structure's name is a person's text."""
    name = '=HYPERLINK("x")|1'
    structures = [{"name": name, "label_values": [1]}, {"name": "cup", "label_values": [2]}]
    federation = backend.post("/federations", {"name": "Eyes", "task": {"structures": structures}})
    for site_name in SITES:
        site = backend.post(f"/federations/{federation['id']}/sites", {"name": site_name})
        backend.post(f"/sites/{site['id']}/datasets", {"name": "Fundus", "folder": f"/data/{site_name}"})
    worker.work_until_idle()
    done = finish(backend, worker, federation)
    base = f"/api/v1/experiments/{done['id']}"
    for file, expected in (("results.csv", {"", "cup", "'" + name}), ("cases.csv", {"cup", "'" + name})):
        rows = list(csv.DictReader(io.StringIO(backend.admin.get(f"{base}/{file}").text)))
        assert {row["structure"] for row in rows} == expected, file
    tex = backend.admin.get(f"{base}/results.tex", params={"structure": name}).text
    assert r"=HYPERLINK(\textquotedbl{}x\textquotedbl{})\textbar{}1" in tex


def test_csv_and_json_hold_every_number(backend: LiveBackend, compared: dict[str, Any]) -> None:
    base = f"/api/v1/experiments/{compared['id']}"
    answer = backend.admin.get(f"{base}/cases.csv", params={"checkpoint": "best"})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    # Two seeds x 24 cases x 2 structures x models: FedAvg's and centralized's one, the four of the played local-only.
    assert len(rows) == 2 * 24 * 2 * 6
    assert {row["case"] for row in rows} == {f"case-{i}" for i in range(3, 11)}
    of_fedavg = [float(row["dice"]) for row in rows if row["strategy_label"] == "FedAvg" and row["seed"] == "1"]
    assert of_fedavg == pytest.approx([0.52] * 48)
    assert "attachment" in answer.headers["content-disposition"]
    exported = backend.admin.get(f"{base}/results.json").json()
    assert [table["metric"] for table in exported["results"]][:2] == ["dice", "iou"]
    table = backend.get(f"/experiments/{compared['id']}/results", metric="iou")
    assert exported["results"][1] == table


def test_any_threshold_can_be_scored_from_the_cases_columns(
    backend: LiveBackend, worker: PlayedWorker, eight_cases: dict[str, Any]
) -> None:
    """What the browser does when the threshold is moved gives what the sweep says, at every threshold and site."""
    generator = np.random.default_rng(3)
    worker.test_dice = lambda *_: float(generator.uniform(0.1, 0.9))

    def probabilities(*_: Any) -> dict[str, float]:
        first = float(generator.uniform(0.34, 0.99))
        return {"b": first, "a": (1 - first) * 0.6, "c": (1 - first) * 0.4}

    worker.probabilities = probabilities
    done = finish(backend, worker, eight_cases, strategies=[FEDSM])
    run_id = done["runs"][0]["id"]
    cases = backend.get(f"/runs/{run_id}/selector/cases")
    selector = backend.get(f"/runs/{run_id}/selector")
    assert cases["sites"] == ["a", "b", "c"]
    assert set(cases["most_probable"]) == {1}
    for group in selector["groups"]:
        wanted = [i for i, slug in enumerate(cases["site_slugs"]) if group["site_slug"] in (None, slug)]
        for point in group["sweep"]:
            to_global = [cases["confidence"][i] <= point["gamma"] for i in wanted]
            scores = [
                cases["global_scores" if there else "own_scores"][i] for i, there in zip(wanted, to_global, strict=True)
            ]
            assert np.mean(scores) == pytest.approx(point["mean"], abs=1e-12)
            assert np.mean(to_global) == pytest.approx(point["share_global"])
        ran = [cases["ran_scores"][i] for i in wanted]
        assert np.mean(ran) == pytest.approx(group["mean"], abs=1e-12)
    fedavg = finish(backend, worker, eight_cases)
    refused = backend.admin.get(f"/api/v1/runs/{fedavg['runs'][0]['id']}/selector/cases")
    assert refused.status_code == 404
