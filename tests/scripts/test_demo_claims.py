"""What is said of the demo, checked on results: on such as the demo has, and on those of a demo that is too easy."""

from backend.evaluations.selector_schemas import Calibration, RunSelector, SelectorCases, SelectorGroup, SweepPoint
from scripts.demo_claims import claims

SITES = ["aster", "elm"]


def group(site: str | None, accuracy: float, share_global: float, sweep: tuple[float, float, float]) -> SelectorGroup:
    points = zip((0.0, 0.8, 1.0), sweep, strict=True)
    return SelectorGroup(
        site_slug=site,
        unseen=site == "fir",
        num_cases=10,
        mean=0.9,
        share_global=share_global,
        sweep=[SweepPoint(gamma=gamma, mean=mean, num_cases=10, share_global=gamma) for gamma, mean in points],
        calibration=Calibration(accuracy=accuracy, nll=0.1, brier=0.1, ece=0.1, bins=[]) if site is None else None,
        chosen={},
    )


def results(
    accuracy: float, sweep: tuple[float, float, float], chosen: int, ran: float
) -> tuple[RunSelector, SelectorCases]:
    about = {
        "run_id": "r",
        "round": 3,
        "metric": "dice",
        "checkpoint": "best",
        "structure": None,
        "gamma": 0.8,
        "routing": "hard",
        "sites": SITES,
        "unseen_sites": ["fir"],
    }
    groups = [group(None, accuracy, 0.1, sweep), group("aster", 0, 0.1, sweep), group("fir", 0, 1.0, sweep)]
    validation = {
        "gamma": 0.8,
        "dice": sweep[1],
        "dice_as_run": None,
        "num_cases": 10,
        "sites": SITES,
        "absent_sites": [],
        "points": [
            {"gamma": gamma, "dice": dice, "num_cases": 10} for gamma, dice in zip((0.0, 0.8, 1.0), sweep, strict=True)
        ],
    }
    told = {**about, "higher_is_better": True, "validation": validation, "groups": groups}
    selector = RunSelector.model_validate(told)
    cases = {
        "case_ids": ["1", "2", "3"],
        "names": ["eye-1", "eye-2", "fir-1"],
        "site_slugs": ["aster", "elm", "fir"],
        "most_probable": [chosen, 1, 0],
        "confidence": [0.9, 0.9, 0.3],
        "own_scores": [ran, 0.9, 0.5],
        "global_scores": [0.8, 0.8, 0.8],
        "home_scores": [0.9, 0.9, None],
        "ran_scores": [ran, 0.9, 0.8],
    }
    return selector, SelectorCases.model_validate(about | cases)


def test_every_claim_holds_of_results_like_the_demos() -> None:
    found = list(claims(*results(0.9, (0.85, 0.87, 0.84), chosen=1, ran=0.7)))
    assert [claim.holds for claim in found] == [True] * 6
    assert "1 case(s) go to another site's model: eye-1" in found[1].words
    for claim in found[2:4]:
        assert "Dice 0.8700 at 0.8, 0.8500 at 0, 0.8400 at 1" in claim.words


def test_a_demo_that_is_too_easy_is_told() -> None:
    found = list(claims(*results(1.0, (0.9, 0.9, 0.8), chosen=0, ran=0.9)))
    assert [claim.holds for claim in found] == [False, False, False, False, False, True]
