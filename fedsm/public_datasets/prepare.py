"""Writing a public original as one folder a site, with a report of what was found, expected and left out.

What is decided:
- Nothing is written to the source; the output must lie outside of it, and must be empty or an interrupted preparation
  of the same data set, unless `force` is given.
- Each file appears under its name only when it is complete, so an interrupted preparation goes on where it stopped.
- The output depends on the original alone: no date, no absolute path.
"""

import json
import shutil
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from fedsm.public_datasets.base import LeftOut, Picture, PublicDataset, SourceCase, Unusable
from fedsm.public_datasets.files import safe_name
from fedsm.public_datasets.report import CASES, FEDERATION, REPORT, Prepared, write_reports
from fedsm.public_datasets.write import IMAGES, MASKS, case_paths, write_picture, write_text, write_volume
from worker.process.settings import num_usable_cores

#: More decoded cases at once would take more memory than they save time.
_MAX_THREADS = 8
#: Present while a preparation runs, and after one was interrupted.
MARKER = ".preparing.json"

#: Cases done, and cases in all.
Progress = Callable[[int, int], None]


class WrongOutput(ValueError):
    """The output folder cannot be used; the text says why, and the remedy."""


def prepare(
    dataset: PublicDataset, source: Path, output: Path, *, force: bool = False, progress: Progress | None = None
) -> Prepared:
    """Raises WrongSource, before anything is written, or WrongOutput."""
    source, output = source.resolve(), output.resolve()
    found = _find(dataset, source)
    _open_output(dataset, source, output, force)
    written: list[SourceCase] = []
    left_out: list[LeftOut] = []
    for position, outcome in enumerate(_outcomes(dataset, found, output)):
        if isinstance(outcome, SourceCase):
            written.append(outcome)
        else:
            left_out.append(outcome)
        if progress is not None:
            progress(position + 1, len(found))
    _remove_stale(dataset, written, output)
    prepared = Prepared(dataset, output, tuple(written), tuple(left_out))
    write_reports(prepared, source.name)
    (output / MARKER).unlink()
    return prepared


def _outcomes(
    dataset: PublicDataset, found: Sequence[SourceCase | LeftOut], output: Path
) -> Iterator[SourceCase | LeftOut]:
    """In the order found. Cases are decoded and encoded side by side, one a core: the libraries that do it let other
    threads run meanwhile. No more cases than twice the cores wait in memory."""
    num_threads = min(num_usable_cores(), _MAX_THREADS)
    pending: deque[Future[SourceCase | LeftOut]] = deque()
    with ThreadPoolExecutor(num_threads) as threads:
        try:
            for entry in found:
                if len(pending) >= 2 * num_threads:
                    yield pending.popleft().result()
                pending.append(threads.submit(_outcome, dataset, entry, output))
            while pending:
                yield pending.popleft().result()
        finally:
            threads.shutdown(wait=True, cancel_futures=True)


def _outcome(dataset: PublicDataset, entry: SourceCase | LeftOut, output: Path) -> SourceCase | LeftOut:
    return _write(dataset, entry, output) if isinstance(entry, SourceCase) else entry


def _find(dataset: PublicDataset, source: Path) -> list[SourceCase | LeftOut]:
    """In the data set's order, with names that are file names; the second case of a name is left out."""
    if not source.is_dir():
        raise dataset.wrong_source(source, "is a file, not a folder" if source.exists() else "is not there")
    entries: list[SourceCase | LeftOut] = []
    seen: set[tuple[str, str]] = set()
    for entry in dataset.find(source):
        if isinstance(entry, SourceCase):
            entries.append(_named(entry, seen))
        else:
            entries.append(entry)
    if not any(isinstance(entry, SourceCase) for entry in entries):
        raise dataset.wrong_source(source, f"holds no case of {dataset.title}{_first_reasons(entries)}")
    return entries


def _named(case: SourceCase, seen: set[tuple[str, str]]) -> SourceCase | LeftOut:
    name = safe_name(case.name)
    # The output may come to lie on a file system that does not tell upper from lower case.
    key = (case.site, name.lower())
    if key in seen:
        return LeftOut(case.site, case.name, "duplicate", f"the original holds another case called {name}")
    seen.add(key)
    return SourceCase(site=case.site, name=name, patient=safe_name(case.patient), read=case.read, split=case.split)


def _first_reasons(entries: Sequence[SourceCase | LeftOut]) -> str:
    reasons = [f"{entry.name}: {entry.reason}" for entry in entries if isinstance(entry, LeftOut)]
    return f" that could be used (first of {len(reasons)}: {reasons[0]})" if reasons else ""


def _open_output(dataset: PublicDataset, source: Path, output: Path, force: bool) -> None:
    """Makes the folder and marks it as being prepared."""
    if output.is_relative_to(source) or source.is_relative_to(output):
        raise WrongOutput(f"{output} and {source} lie in one another: the original stays untouched, write elsewhere")
    if output.exists() and not output.is_dir():
        raise WrongOutput(f"{output} is a file: give a folder")
    mark = json.dumps({"dataset": dataset.name, "source": str(source)})
    interrupted = _is_marked(output, mark)
    if not interrupted and output.is_dir() and any(output.iterdir()):
        if not force:
            raise WrongOutput(f"{output} is not empty: give a new folder, or --force to prepare {dataset.name} anew")
        _remove_earlier(dataset, output)
    output.mkdir(parents=True, exist_ok=True)
    write_text(output / MARKER, mark)


def _is_marked(output: Path, mark: str) -> bool:
    marker = output / MARKER
    return marker.is_file() and marker.read_text() == mark


def _remove_earlier(dataset: PublicDataset, output: Path) -> None:
    """Of the data set's own sites only; a folder with anything else at these places is the person's mistake."""
    if not (output / REPORT).is_file() and not (output / MARKER).is_file():
        raise WrongOutput(
            f"{output} holds files that no preparation wrote (it has no {REPORT}), which --force does not remove: "
            "give a new folder"
        )
    slugs = {site.slug for site in dataset.sites}
    strangers = [path.name for path in sorted(output.iterdir()) if path.is_dir() and path.name not in slugs]
    if strangers:
        raise WrongOutput(f"{output} holds {strangers[0]}, no site of {dataset.name}: give a new folder")
    for slug in sorted(slugs):
        for kind in (IMAGES, MASKS):
            if (output / slug / kind).is_dir():
                shutil.rmtree(output / slug / kind)
        (output / slug / CASES).unlink(missing_ok=True)
    for name in (REPORT, FEDERATION):
        (output / name).unlink(missing_ok=True)


def _remove_stale(dataset: PublicDataset, written: Sequence[SourceCase], output: Path) -> None:
    """What an interrupted preparation left half written, or wrote of files that the source no longer holds."""
    expected = {path for case in written for path in case_paths(output, case, dataset.dimensions)}
    for site in dataset.sites:
        for kind in (IMAGES, MASKS):
            folder = output / site.slug / kind
            for path in sorted(folder.iterdir()) if folder.is_dir() else ():
                if path not in expected:
                    path.unlink()


def _write(dataset: PublicDataset, case: SourceCase, output: Path) -> SourceCase | LeftOut:
    """The mask first: an image that is there says that the case is complete."""
    image_path, mask_path = case_paths(output, case, dataset.dimensions)
    if image_path.is_file() and mask_path.is_file():
        return case
    try:
        content = case.read()
        if isinstance(content, Picture):
            write_picture(content, dataset, image_path, mask_path)
        else:
            write_volume(content, dataset, image_path, mask_path)
    except Unusable as unusable:
        return LeftOut(case.site, case.name, unusable.code, str(unusable))
    return case
