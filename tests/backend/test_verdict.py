"""The verdict: its sentences by hand, and over HTTP from played scores."""

from typing import Any

import pytest

from backend.evaluations.verdict.schemas import Relation, VerdictAgainst, VerdictMethod, VerdictPlace
from backend.evaluations.verdict.words import against_words, centralized_words, name_of, unseen_words
from tests.backend.backend_states import saved_state
from tests.backend.conftest import FEDSM, make_experiment
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker
from tests.backend.test_results import eight_cases, number

__all__ = ["eight_cases"]

MINUS = "\N{MINUS SIGN}"


def place(name: str | None, relation: Relation, difference: float, unseen: bool = False) -> VerdictPlace:
    text = f"{difference:+.3f}".replace("-", MINUS)
    return VerdictPlace(
        site_slug=name.lower() if name else None,
        site_name=name,
        unseen=unseen,
        relation=relation,
        difference=difference,
        low=None,
        high=None,
        p_holm=None,
        text=text,
        interval_text="[+0.064, +0.102]" if name is None else "",
    )


POOLED = place(None, "better", 0.083)


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        (
            [
                place("A", "better", 0.1),
                place("B", "better", 0.157),
                place("C", "better", 0.05),
                place("D", "level", 0),
            ],
            "beats FedAvg at 3 of 4 sites and is level with it at D (Holm): 0.930 against 0.847 over all sites' cases, "
            "+0.083 [+0.064, +0.102]. It gains most at B, +0.157.",
        ),
        (
            [place("A", "better", 0.1), place("B", "worse", -0.2), place("C", "too_few", 0.3)],
            "beats FedAvg at A and loses to it at B (Holm), with too few cases to tell at C: 0.930 against 0.847 over "
            "all sites' cases, +0.083 [+0.064, +0.102]. It gains most at A, +0.100. It loses most at B, "
            f"{MINUS}0.200.",
        ),
        (
            [place("A", "level", 0.1), place("B", "level", 0)],
            "is level with FedAvg at all 2 sites (no difference found): 0.930 against 0.847 over all sites' cases, "
            "+0.083 [+0.064, +0.102].",
        ),
        (
            [place("A", "too_few", 0.1), place("B", "too_few", 0)],
            "has too few test cases at any site to be distinguished from FedAvg: 0.930 against 0.847 over all sites' "
            "cases, +0.083 [+0.064, +0.102].",
        ),
        (
            [place("A", "better", 0.1)],
            "beats FedAvg at A (Holm): 0.930 against 0.847 over all sites' cases, +0.083 [+0.064, +0.102].",
        ),
    ],
)
def test_the_sentence_counts_names_and_measures(places: list[VerdictPlace], expected: str) -> None:
    words = against_words("the super model of FedSM", "FedAvg", ("0.930", "0.847"), [POOLED, *places])
    assert words == f"The super model of FedSM {expected}"


def test_centralized_is_a_distance_and_a_site_held_out_stands_alone() -> None:
    method = VerdictMethod(strategy_label="Centralized", model="global", mean=0.9, text="0.900")
    sites = [place("A", "worse", -0.05), place("B", "level", 0.0)]
    against = VerdictAgainst(role="centralized", method=method, places=[place(None, "worse", -0.032), *sites], words="")
    assert centralized_words(against, "FedSM", False, "").startswith(
        "FedSM is 0.032 from Centralized over all sites' cases [+0.064, +0.102] and loses to it at A"
    )
    assert centralized_words(against, "FedSM", True, "").startswith("FedSM is 0.032 better than Centralized")
    held_out = [place("Elm", "too_few", 0.02, unseen=True), place("Fir", "worse", -0.2, unseen=True)]
    assert list(unseen_words("FedSM", "FedAvg", [*sites, *held_out])) == [
        "At Elm, which was held out, the difference from FedAvg is +0.020: too few cases to tell.",
        f"At Fir, which was held out, FedSM loses to FedAvg: {MINUS}0.200.",
    ]
    assert name_of(method, several_models=True) == "the global model of Centralized"


@saved_state
def judged(backend: LiveBackend, worker: PlayedWorker, eight_cases: dict[str, Any]) -> dict[str, Any]:
    """FedSM's own models beat FedAvg by 0.1 at a and b, and score like it at c; FedProx is better still, and so is
    centralized training."""

    def dice(payload: dict[str, Any], case: str, model: str) -> float:
        name, site = payload["run"]["strategy"]["name"], payload["participant"]
        base = 0.5 + 0.01 * number(case)
        own = model == f"personalized/{site}"
        return (
            base
            + {
                "fedsm": 0.1 if own and site != "c" else 0.0,
                "fedavg": 0.0,
                "fedprox": 0.2,
                "local-only": 0.1 if own and site != "c" else 0.0,
                "centralized": 0.25,
            }[name]
        )

    worker.test_dice = dice
    worker.probabilities = lambda payload, _case: {
        slug: 0.98 if slug == payload["participant"] else 0.01 for slug in "abc"
    }
    names = ("fedavg", "fedprox", "local-only", "centralized")
    experiment = make_experiment(backend, eight_cases, strategies=[FEDSM, *({"name": name} for name in names)])
    assert backend.get(f"/experiments/{experiment['id']}/verdict")["headline"].startswith("No run has been tested yet")
    assert backend.get("/latest-result") is None
    backend.post(f"/experiments/{experiment['id']}/start")
    worker.work_until_idle()
    return experiment


def test_the_verdict_is_that_of_the_tables_tests(backend: LiveBackend, judged: dict[str, Any]) -> None:
    """Over 24 cases: FedSM (0.635 + 0.635 + 0.535) / 3 = 0.602, FedAvg 0.535, local-only as FedSM, centralized 0.785,
    FedProx 0.735."""
    path = f"/experiments/{judged['id']}"
    found = backend.get(f"{path}/verdict")
    assert (found["method"]["strategy_label"], found["method"]["model"]) == ("FedSM", "super")
    assert found["run_id"] == next(run["id"] for run in judged["runs"] if run["strategy_label"] == "FedSM")
    assert [(entry["role"], entry["method"]["strategy_label"]) for entry in found["against"]] == [
        ("baseline", "FedAvg"),
        ("local-only", "Local-only"),
        ("centralized", "Centralized"),
    ]
    relations = [[entry["relation"] for entry in against["places"]] for against in found["against"]]
    assert relations == [
        ["better", "better", "better", "level"],
        ["level", "level", "level", "level"],
        ["worse", "worse", "worse", "worse"],
    ]
    assert found["headline"].startswith(
        "The super model of FedSM beats FedAvg at 2 of 3 sites and is level with it at c (Holm): 0.602 against 0.535 "
        "over all sites' cases, +0.067 ["
    )
    assert found["headline"].endswith("It gains most at a, +0.100.")
    local, central, ahead = found["details"]
    assert "is level with Local-only at all 3 sites (no difference found)" in local
    assert central.startswith("The super model of FedSM is 0.183 from Centralized over all sites' cases")
    assert ahead == "FedProx has the best mean Dice of the federated methods, 0.735."
    for against in found["against"]:
        label = against["method"]["strategy_label"]
        cells = backend.get(f"{path}/comparison", baseline=label)["cells"]
        own = {c["site_slug"]: c for c in cells if (c["strategy_label"], c["model"]) == ("FedSM", "super")}
        for entry in against["places"]:
            cell = own[entry["site_slug"]]
            assert [entry[key] for key in ("difference", "low", "high", "p_holm")] == [
                cell[key] for key in ("difference", "low", "high", "p_holm")
            ], "what the table shows with that method as baseline"
            assert cell["decidable"]


def test_lower_is_better_of_distances(backend: LiveBackend, judged: dict[str, Any]) -> None:
    found = backend.get(f"/experiments/{judged['id']}/verdict", metric="hd95", structure="cup")
    assert [entry["relation"] for entry in found["against"][0]["places"]] == ["better", "better", "better", "level"]
    assert found["against"][0]["places"][1]["difference"] == pytest.approx(-1.0)
    answer = backend.admin.get(f"/api/v1/experiments/{judged['id']}/verdict", params={"structure": "rim"})
    assert answer.status_code == 422


def test_the_verdict_stands_in_latex_and_the_newest_result_is_found(
    backend: LiveBackend, judged: dict[str, Any]
) -> None:
    verdict = backend.get(f"/experiments/{judged['id']}/verdict")
    latex = backend.admin.get(f"/api/v1/experiments/{judged['id']}/results.tex").text
    assert "The super model of FedSM beats FedAvg at 2 of 3 sites" in latex.split(r"\begin{table}")[0]
    latest = backend.get("/latest-result")
    assert (latest["experiment_id"], latest["federation_name"]) == (judged["id"], "Eyes")
    assert latest["verdict"] == verdict
    backend.admin.patch(f"/api/v1/experiments/{judged['id']}", json={"archived": True}).raise_for_status()
    assert backend.get("/latest-result") is None


def test_a_method_alone_has_its_mean(backend: LiveBackend, worker: PlayedWorker, eight_cases: dict[str, Any]) -> None:
    worker.test_dice = lambda _payload, _case, _model: 0.5
    experiment = make_experiment(backend, eight_cases)
    backend.post(f"/experiments/{experiment['id']}/start")
    worker.work_until_idle()
    found = backend.get(f"/experiments/{experiment['id']}/verdict")
    assert found["headline"] == "FedAvg has a mean Dice of 0.500 over all sites' test cases. There is no other method."
    assert (found["against"], found["test"]) == ([], None)
