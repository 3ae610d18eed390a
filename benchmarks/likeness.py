"""Measures the rule that finds pairs of cases that are possibly one patient's (`worker.datasets.likeness`).

    python -m benchmarks.likeness --photographs /data/chase_db1/images /data/hrf/images /data/fives/images

Each folder of photographs is a data set; without any the synthetic ones alone are measured. Prints three Markdown
tables: pairs that are found in each data set, the same in random halves of the synthetic ones, and the pairs that are
found where photographs were taken again. Takes about a minute on one core; figures are in docs/data.md.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from backend.contracts.datasets import NEAR_DUPLICATE_BITS
from fedsm.synthetic_fundus import SITES, make_fundus_case
from worker.datasets.duplicates import near_duplicates, perceptual_hash
from worker.datasets.intensity import unit_photograph
from worker.datasets.likeness import MIN_CASES, alike_cases

NUM_CASES, SIDE, SEEDS = 40, 192, range(10)
NUM_HALVES = 60
#: Photographs taken again that one data set holds at a time: a rule for what is rare is tried on what is rare.
AGAIN_AT_A_TIME = 4
Photograph = NDArray[np.uint8]
Hashes = dict[str, str]


def photographs(folder: Path) -> Hashes:
    """By file name; of every file in the folder, which must be a picture."""
    return {path.stem: hash_of(np.asarray(Image.open(path).convert("RGB"))) for path in sorted(folder.iterdir())}


def hash_of(photograph: Photograph) -> str:
    """As the check of a data set computes it."""
    return perceptual_hash(unit_photograph(photograph).mean(axis=-1).astype(np.float32))


def taken_again(photograph: Photograph, draws: np.random.Generator) -> Photograph:
    """Cropped by up to 12 % of each axis, blurred, with other colours, exposure and vignette."""
    side = len(photograph)
    kept = round(side * (1 - draws.uniform(0, 0.12)))
    top, left = draws.integers(0, side - kept + 1, 2)
    cropped = Image.fromarray(photograph[top : top + kept, left : left + kept]).resize((side, side))
    light = unit_photograph(np.asarray(cropped))
    light = gaussian_filter(light, (*[side * draws.uniform(0, 0.008)] * 2, 0))
    light = light * draws.uniform(0.8, 1.2, 3).astype(np.float32)
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    centre_y, centre_x = draws.normal(0, 0.15, 2)
    vignette = 1 - draws.uniform(0, 0.4) * ((x - centre_x) ** 2 + (y - centre_y) ** 2) / 2
    light = np.clip(light * vignette[..., None], 0, 1) ** draws.uniform(0.75, 1.35)
    return np.asarray(np.round(light * 255), dtype=np.uint8)


def found_pairs(hashes: Mapping[str, str]) -> set[frozenset[str]]:
    """That somebody would be asked about: near duplicates, which share a split unasked, are not among them."""
    pairs = alike_cases(hashes, {}).pairs
    return {frozenset((pair.first, pair.second)) for pair in pairs if pair.bits > NEAR_DUPLICATE_BITS}


def num_pairs(num_cases: int) -> int:
    return num_cases * (num_cases - 1) // 2


def in_halves(hashes: Hashes, draws: np.random.Generator) -> Iterator[Hashes]:
    names = sorted(hashes)
    for _ in range(NUM_HALVES):
        yield {name: hashes[name] for name in draws.permutation(names)[: len(names) // 2].tolist()}


def found_again(hashes: Hashes, again: Hashes) -> int:
    """How many photographs taken again are found, by either rule, a few in the data set at a time."""
    names = sorted(again)
    count = 0
    for start in range(0, len(names), AGAIN_AT_A_TIME):
        present = names[start : start + AGAIN_AT_A_TIME]
        found = alike_cases(hashes | {f"{name} again": again[name] for name in present}, {}).pairs
        count += sum((pair.first, pair.second) in {(name, f"{name} again") for name in present} for pair in found)
    return count


def print_table(title: str, columns: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> None:
    print(f"\n{title}\n\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for row in rows:
        print(f"| {' | '.join(str(cell) for cell in row)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photographs", nargs="*", type=Path, default=[], help="Folders of real photographs.")
    parser.add_argument(
        "--seeds", nargs="+", type=int, default=list(SEEDS), help="One synthetic data set of each site."
    )
    chosen = parser.parse_args()
    real = {folder: photographs(folder) for folder in chosen.photographs}
    synthetic: dict[str, list[Hashes]] = {site.slug: [] for site in SITES}
    again: dict[str, list[Hashes]] = {site.slug: [] for site in SITES}
    for index, site in enumerate(SITES):
        for seed in chosen.seeds:
            drawn = {f"{number:02d}": make_fundus_case(site, number, seed, SIDE)[0] for number in range(NUM_CASES)}
            draws = np.random.default_rng([seed, index, 1])
            synthetic[site.slug].append({name: hash_of(image) for name, image in drawn.items()})
            again[site.slug].append({name: hash_of(taken_again(image, draws)) for name, image in drawn.items()})

    sets_of = {str(folder): [hashes] for folder, hashes in real.items()} | synthetic
    sets_of["synthetic, all"] = [hashes for sets in synthetic.values() for hashes in sets]
    print_table(
        "Pairs of cases; synthetic ones are of different patients",
        ("data set", "cases", "pairs", "near duplicates", "possibly one patient's"),
        [(name, f"{len(sets)} x {len(sets[0])}", *_total(sets)) for name, sets in sets_of.items()],
    )

    draws = np.random.default_rng(0)
    halves = [half for sets in synthetic.values() for hashes in sets for half in in_halves(hashes, draws)]
    print_table(
        f"In random halves, of {NUM_CASES // 2} cases (no limit below {MIN_CASES})",
        ("data sets", "pairs", "near duplicates", "possibly one patient's", "data sets with any of these"),
        [(len(halves), *_total(halves), sum(bool(found_pairs(half)) for half in halves))],
    )

    shares: Callable[[int, int], str] = lambda found, of: f"{found} of {of} ({found / of:.0%})"  # noqa: E731
    counts = {
        slug: sum(found_again(hashes, copies) for hashes, copies in zip(sets, again[slug], strict=True))
        for slug, sets in synthetic.items()
    }
    of = NUM_CASES * len(chosen.seeds)
    rows = [(slug, shares(found, of)) for slug, found in counts.items()]
    rows.append(("all", shares(sum(counts.values()), of * len(counts))))
    print_table(f"Photographs taken again, {AGAIN_AT_A_TIME} in a data set", ("site", "found"), rows)


def _total(sets: list[Hashes]) -> tuple[int, int, int]:
    """Pairs, near duplicates, and pairs that are possibly one patient's."""
    near = sum(len(near_duplicates(hashes)) for hashes in sets)
    return sum(num_pairs(len(hashes)) for hashes in sets), near, sum(len(found_pairs(hashes)) for hashes in sets)


if __name__ == "__main__":
    main()
