"""Checks on a finished demo what its texts and pictures say of it; exit status 1 where one is not so.

python scripts/demo_claims.py STATE_FOLDER

A platform must run on the folder (`fedsm up --home STATE_FOLDER`). What the selector does before anything is trained is
held by tests/worker/test_demo_sites.py; this looks at what needs the trained models. `make screenshots` asks it first.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from backend.evaluations.selector_schemas import RunSelector, SelectorCases
from backend.experiments.schemas import ExperimentRecord
from fedsm.client import Client
from fedsm.local.demo import FUNDUS_DEMO, Demo
from fedsm.local.home import Home, open_home

ACCURACY = (0.85, 0.95)
#: Of Dice: what is printed differs.
LEAST_DIFFERENCE = 0.001
#: Of the held-out clinic's images.
MOST = 0.9


@dataclass(frozen=True)
class Claim:
    """words: with its figures; holds: whether it is so."""

    words: str
    holds: bool


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: python scripts/demo_claims.py STATE_FOLDER")
    home = open_home(Path(sys.argv[1]))
    url = running_url(home)
    if url is None:
        sys.exit(f"no platform runs on {home.folder}. Remedy: fedsm up --home {home.folder}")
    with Client(url, home.token("admin-token")) as client:
        experiment = find_experiment(client, FUNDUS_DEMO)
        if experiment is None or experiment.status != "completed":
            sys.exit(f"the demo on {home.folder} is not finished. Remedy: fedsm demo --home {home.folder}")
        if not hold(client, experiment):
            sys.exit(1)


def running_url(home: Home) -> str | None:
    """Of the platform that runs on the folder, if one does."""
    running = home.running()
    if running is None:
        return None
    try:
        httpx.get(f"{running.url}/api/v1/health").raise_for_status()
    except httpx.TransportError:
        return None
    return running.url


def find_experiment(client: Client, demo: Demo) -> ExperimentRecord | None:
    for federation in client.federations():
        if federation.name == demo.federation:
            for experiment in client.experiments(federation.id):
                if experiment.name == demo.experiment:
                    return client.experiment(experiment.id)
    return None


def hold(client: Client, experiment: ExperimentRecord) -> bool:
    """Prints every claim; whether all of them hold."""
    run = next(run for run in experiment.runs if run.strategy.name == "fedsm")
    found = list(claims(client.run_selector(run.id), client.selector_cases(run.id)))
    for claim in found:
        print(f"{'yes' if claim.holds else 'NO '}  {claim.words}")
    ended = max(run.finished_at for run in experiment.runs if run.finished_at)
    if experiment.started_at:
        print(f"     training and tests took {(ended - experiment.started_at).total_seconds():.0f} s on that machine")
    return all(claim.holds for claim in found)


def claims(selector: RunSelector, cases: SelectorCases) -> Iterator[Claim]:
    pooled = next(group for group in selector.groups if group.site_slug is None)
    assert pooled.calibration is not None
    accuracy = pooled.calibration.accuracy
    yield Claim(f"the selector is right in {accuracy:.1%} of cases", ACCURACY[0] <= accuracy <= ACCURACY[1])
    wrong = [
        name
        for name, place, site in zip(cases.names, cases.most_probable, cases.site_slugs, strict=True)
        if site in cases.sites and cases.sites[place] != site
    ]
    yield Claim(f"{len(wrong)} case(s) go to another site's model: {', '.join(wrong)}", bool(wrong))
    if selector.validation is not None:
        points = [(point.gamma, point.dice) for point in selector.validation.points]
        yield _optimum("validation cases", points)
    yield _optimum("test cases of all sites, the held-out one among them", _of_all_sites(selector))
    scored = [
        (ran, home)
        for ran, home in zip(cases.ran_scores, cases.home_scores, strict=True)
        if ran is not None and home is not None
    ]
    ran, home = (sum(scores) / len(scored) for scores in zip(*scored, strict=True))
    yield Claim(
        f"routing differs from knowing the site: super model {ran:.4f}, own site's model {home:.4f}",
        abs(ran - home) >= LEAST_DIFFERENCE,
    )
    for group in selector.groups:
        if group.unseen:
            yield Claim(
                f"{group.share_global:.0%} of {group.num_cases} images of {group.site_slug}, which is held out, go to "
                "the global model",
                group.share_global >= MOST,
            )


def _optimum(of: str, points: list[tuple[float, float]]) -> Claim:
    """points: threshold and Dice, from always personalized to always global."""
    (first, always), (last, never) = points[0], points[-1]
    gamma, best = max(points, key=lambda point: point[1])
    return Claim(
        f"on {of} the threshold has an optimum: Dice {best:.4f} at {gamma:g}, {always:.4f} at {first:g}, "
        f"{never:.4f} at {last:g}",
        best - max(always, never) >= LEAST_DIFFERENCE,
    )


def _of_all_sites(selector: RunSelector) -> list[tuple[float, float]]:
    """The mean over the cases of all sites at each threshold."""
    found: dict[float, list[tuple[float, int]]] = {}
    for group in selector.groups:
        for point in group.sweep if group.site_slug is not None else ():
            if point.mean is not None:
                found.setdefault(point.gamma, []).append((point.mean, point.num_cases))
    return [
        (gamma, sum(mean * count for mean, count in scored) / sum(count for _, count in scored))
        for gamma, scored in sorted(found.items())
    ]


if __name__ == "__main__":
    main()
