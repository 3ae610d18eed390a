"""What a preparation says about itself: `PREPARED.md`, `federation.yaml`, and `cases.csv` of each site."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from fedsm.public_datasets.base import LeftOut, PublicDataset, SourceCase
from fedsm.public_datasets.write import write_text

REPORT, FEDERATION, CASES = "PREPARED.md", "federation.yaml", "cases.csv"


@dataclass(frozen=True)
class SiteReport:
    """num_expected: None where no official source states it."""

    slug: str
    name: str
    num_found: int
    num_expected: int | None
    num_left_out: int
    num_patients: int

    @property
    def in_words(self) -> str:
        return found_in_words(self.num_found, self.num_expected, self.num_left_out)


@dataclass(frozen=True)
class Prepared:
    """What a preparation wrote, and what of the original it left out."""

    dataset: PublicDataset
    folder: Path
    cases: tuple[SourceCase, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def is_complete(self) -> bool:
        """As many cases as the complete original has; where that is not known, nothing left out."""
        return self._is_whole and all(site.num_expected in (None, site.num_found) for site in self.sites)

    @property
    def _is_whole(self) -> bool:
        expected = self.dataset.num_expected
        return not self.left_out if expected is None else expected == len(self.cases)

    @property
    def in_words(self) -> str:
        """Of all sites."""
        return found_in_words(len(self.cases), self.dataset.num_expected, len(self.left_out))

    @property
    def sites(self) -> tuple[SiteReport, ...]:
        return tuple(
            SiteReport(
                slug=site.slug,
                name=site.name,
                num_found=sum(case.site == site.slug for case in self.cases),
                num_expected=site.num_expected,
                num_left_out=sum(entry.site == site.slug for entry in self.left_out),
                num_patients=len({case.patient for case in self.cases if case.site == site.slug}),
            )
            for site in self.dataset.sites
        )


def found_in_words(num_found: int, num_expected: int | None, num_left_out: int) -> str:
    """`found 3 of 400 expected, left out 1`."""
    expected = "an unknown number" if num_expected is None else str(num_expected)
    return f"found {num_found} of {expected} expected, left out {num_left_out}"


def write_reports(prepared: Prepared, source_name: str) -> None:
    for site in prepared.sites:
        if site.num_found:
            write_text(prepared.folder / site.slug / CASES, _cases_table(prepared, site.slug))
    write_text(prepared.folder / FEDERATION, yaml.safe_dump(federation(prepared), sort_keys=False, allow_unicode=True))
    write_text(prepared.folder / REPORT, "\n".join(_report_lines(prepared, source_name)) + "\n")


def federation(prepared: Prepared) -> dict[str, Any]:
    """The task in the words of the contract `SegmentationTask`, and the sites that have cases."""
    dataset = prepared.dataset
    return {
        "name": dataset.title,
        "dataset": dataset.name,
        "task": task_of(dataset),
        "sites": [
            {"name": site.name, "slug": site.slug, "folder": site.slug, "num_cases": site.num_found}
            for site in prepared.sites
            if site.num_found
        ],
    }


def task_of(dataset: PublicDataset) -> dict[str, Any]:
    """In the words of the contract `SegmentationTask`."""
    return {
        "modality": dataset.modality,
        "num_channels": dataset.num_channels,
        "dimensions": dataset.dimensions,
        "structures": [
            {"name": structure.name, "label_values": list(structure.label_values)} for structure in dataset.structures
        ],
    }


def _cases_table(prepared: Prepared, slug: str) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("name", "patient", "split"))
    cases = sorted((case for case in prepared.cases if case.site == slug), key=lambda case: case.name)
    writer.writerows((case.name, case.patient, case.split or "") for case in cases)
    return text.getvalue()


def _report_lines(prepared: Prepared, source_name: str) -> Iterator[str]:
    dataset = prepared.dataset
    yield f"# {dataset.title}, prepared from the folder `{source_name}`"
    yield f"\nFrom: {dataset.where}\n\nTerms: {dataset.terms}\n\nCite: {dataset.citation}"
    yield "\n| site | folder | found | expected | left out | patients | splits of the original |"
    yield "|---|---|---|---|---|---|---|"
    for site in prepared.sites:
        expected = "unknown" if site.num_expected is None else site.num_expected
        yield (
            f"| {site.name} | {site.slug} | {site.num_found} | {expected} | {site.num_left_out} | {site.num_patients} "
            f"| {_splits_in_words(prepared, site.slug)} |"
        )
    yield f"\nIn all: {prepared.in_words}."
    yield f"\nExpected numbers: {dataset.expected_source}"
    structures = "; ".join(f"{s.name} = {', '.join(map(str, s.label_values))}" for s in dataset.structures)
    yield f"\nLabels of the masks: 0 background; {structures}."
    if dataset.notes:
        yield "\n## Decisions\n"
        yield from (f"- {note}" for note in dataset.notes)
    yield "\n## Left out\n"
    if not prepared.left_out:
        yield "Nothing."
    yield from (f"- {entry.site}/{entry.name}: {entry.reason} ({entry.code})" for entry in prepared.left_out)


def _splits_in_words(prepared: Prepared, slug: str) -> str:
    counts = Counter(case.split for case in prepared.cases if case.site == slug and case.split)
    return ", ".join(f"{counts[split]} {split}" for split in ("train", "val", "test") if counts[split]) or "none"
