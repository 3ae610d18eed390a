"""`fedsm dataset check` and `fedsm dataset add`."""

import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_args

import typer
from pydantic import BaseModel, ValidationError
from rich.table import Table

from backend.contracts.datasets import (
    CheckedCase,
    LabelMap,
    Layout,
    SplitFractions,
)
from backend.contracts.repairs import REPAIR_WORDS, REPAIRS
from backend.contracts.status import DatasetStatus
from backend.contracts.task_definition import SegmentationTask, Structure
from backend.datasets.schemas import CheckAgain, DatasetCreate, DatasetRecord
from fedsm.cli.shared import (
    EXIT_FAILED,
    EXIT_WRONG_INPUT,
    HomeOption,
    JsonOption,
    ServerOption,
    TokenOption,
    api,
    fail,
    find_federation,
)
from fedsm.cli.watch import make_console, print_json
from fedsm.client import Client
from fedsm.written_files import label_map_in, read_yaml, task_in

if TYPE_CHECKING:
    from worker.datasets.folder import FolderCheck

Body = TypeVar("Body", bound=BaseModel)
FRACTIONS = SplitFractions()

dataset_app = typer.Typer()

LayoutOption = Annotated[str, typer.Option(help=f"How the files are arranged: {', '.join(get_args(Layout))}.")]
LabelMapOption = Annotated[
    Path | None, typer.Option(help="YAML or JSON: what stands for each structure in this data set's masks.")
]
ChannelOption = Annotated[int | None, typer.Option(min=0, help="The one channel to take, from 0, of several.")]
PatternOption = Annotated[
    str | None, typer.Option(help="Regular expression with one group: the patient's part of a case's name.")
]
EmptyOption = Annotated[
    bool,
    typer.Option(
        "--empty-means-nothing-there",
        help="A mask without a pixel of any structure says that none is there: its case is used.",
    ),
]
RepairOption = Annotated[
    list[str] | None,
    typer.Option(
        help="Change masks that cannot be used as they are; repeat for several. "
        + "; ".join(f"{repair}: {words}" for repair, words in REPAIR_WORDS.items())
    ),
]
TrainOption = Annotated[float, typer.Option(help="Share of the cases that train.")]
ValOption = Annotated[float, typer.Option(help="Share of the cases that validate; the rest is tested.")]
SeedOption = Annotated[int, typer.Option(min=0, help="Seed of the split.")]


@dataset_app.command()
def check(
    folder: Annotated[Path, typer.Argument(help="The data set's folder, or a datalist's JSON file.")],
    task: Annotated[
        Path | None,
        typer.Option(help="YAML or JSON of the task, or of a federation, as federation.yaml of `fedsm prepare`."),
    ] = None,
    structure: Annotated[
        list[str] | None,
        typer.Option(help='A structure and its mask labels, as "optic disc=1,2"; repeat for each structure.'),
    ] = None,
    channels: Annotated[int, typer.Option(min=1, max=3, help="Image channels: 1 for grey, 3 for RGB.")] = 3,
    dimensions: Annotated[int, typer.Option(min=2, max=3, help="2 for pictures, 3 for volumes.")] = 2,
    federation: Annotated[str | None, typer.Option(help="Take the task from this federation.")] = None,
    layout: LayoutOption = "auto",
    label_map: LabelMapOption = None,
    channel: ChannelOption = None,
    empty: EmptyOption = False,
    repair: RepairOption = None,
    patient_pattern: PatternOption = None,
    train: TrainOption = FRACTIONS.train,
    val: ValOption = FRACTIONS.val,
    seed: SeedOption = 0,
    pictures: Annotated[
        Path | None, typer.Option(help="Folder for a picture of each repaired case, its mask outlined.")
    ] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Check which cases of a folder can be used and why the others cannot. Nothing leaves this machine.

    Without --task, --structure and --federation every label from 1 to 255 counts as one structure, `foreground`.
    The exit code is 0 when every case can be used, else 1."""
    if task is not None and (structure or federation is not None):
        fail("--task, --structure and --federation each give the task: keep one of them", EXIT_WRONG_INPUT)
    if federation is not None:
        with api(home, server, token) as client:
            wanted = find_federation(client, federation).task
    else:
        wanted = task_of(task, structure or [], channels, dimensions)
    body = _body(
        name=folder.name or "data",
        folder=str(folder.resolve()),
        layout=layout,
        label_map=None if label_map is None else _label_map(label_map),
        channel=channel,
        empty_means_nothing_there=empty,
        repairs=repair or (),
        patient_pattern=patient_pattern,
        fractions={"train": train, "val": val},
        seed=seed,
    )
    found = _check_folder(body, wanted, pictures)
    if as_json:
        print_json([case.model_dump(mode="json") for case in found.cases])
    else:
        _print_check(found, pictures)
    if any(case.reason_code for case in found.cases):
        raise typer.Exit(EXIT_FAILED)


@dataset_app.command()
def add(
    site: Annotated[str, typer.Argument(metavar="SITE", help="The site's slug, name or id.")],
    folder: Annotated[str, typer.Argument(metavar="DIR", help="Absolute path on the site's own worker.")],
    name: Annotated[str, typer.Option(help="The data set's name at its site.")] = "Data",
    federation: Annotated[str | None, typer.Option(help="Name or id; may be left out where there is only one.")] = None,
    layout: LayoutOption = "auto",
    label_map: LabelMapOption = None,
    channel: ChannelOption = None,
    empty: EmptyOption = False,
    repair: RepairOption = None,
    patient_pattern: PatternOption = None,
    train: TrainOption = FRACTIONS.train,
    val: ValOption = FRACTIONS.val,
    seed: SeedOption = 0,
    wait: Annotated[bool, typer.Option(help="Wait for the check to end.")] = True,
    yes: Annotated[
        bool, typer.Option("--yes", help="Take repaired cases into use without a look at them; waits for the check.")
    ] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Register a folder at a site, and say what its check found. The site's worker reads the folder.

    Where masks were repaired, no run uses the data set before `fedsm dataset confirm`, or --yes.

    The exit code is 1 when no case can be used, 2 when the registration is refused, else 0."""
    body = _body(
        name=name,
        folder=folder,
        layout=layout,
        label_map=None if label_map is None else _label_map(label_map),
        channel=channel,
        empty_means_nothing_there=empty,
        repairs=repair or (),
        patient_pattern=patient_pattern,
        fractions={"train": train, "val": val},
        seed=seed,
    )
    with api(home, server, token) as client:
        record = client.register_dataset(_find_site(client, federation, site), body)
        record = await_check(client, record) if wait or yes else record
        if yes and record.status == DatasetStatus.REVIEW:
            record = client.confirm_dataset(record.id, record.fingerprint or "")
    show_record(record, as_json)


@dataset_app.command()
def recheck(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="The data set's id.")],
    repair: RepairOption = None,
    no_repair: Annotated[bool, typer.Option("--no-repair", help="Without any repair.")] = False,
    empty: Annotated[
        bool | None,
        typer.Option(
            "--empty-means-nothing-there/--empty-is-refused", help="What an empty mask means. Left out: as before."
        ),
    ] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Check a registered data set again, as before or with other repairs.

    The exit code is 1 when no case can be used, 2 when the change is refused, else 0."""
    if repair and no_repair:
        fail("--repair and --no-repair contradict each other: keep one of them", EXIT_WRONG_INPUT)
    repairs = () if no_repair else tuple(repair) if repair else None
    change = _validated(CheckAgain, {"repairs": repairs, "empty_means_nothing_there": empty}, "")
    with api(home, server, token) as client:
        record = await_check(client, client.check_dataset(dataset, change))
    show_record(record, as_json)


@dataset_app.command()
def confirm(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="The data set's id.")],
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Take a data set with repaired cases into use, once you have looked at them in the browser."""
    with api(home, server, token) as client:
        before = client.dataset(dataset)
        record = client.confirm_dataset(dataset, before.fingerprint or "")
    if before.status == DatasetStatus.READY:
        typer.echo(f"{record.name} is in use already: nothing to confirm", err=True)
    show_record(record, as_json)


def await_check(client: Client, record: DatasetRecord) -> DatasetRecord:
    """Says once, on standard error, that no worker serves the site, and waits on."""
    said: str | None = None
    while record.status == DatasetStatus.CHECKING:
        if record.waits_for is not None and record.waits_for != said:
            said = record.waits_for
            typer.echo(said, err=True)
        time.sleep(0.5)
        record = client.dataset(record.id)
    return record


def show_record(record: DatasetRecord, as_json: bool) -> None:
    """Ends the command with exit code 1 where no case can be used."""
    if as_json:
        print_json(record.model_dump(mode="json"))
    else:
        _print_record(record)
    if record.status == DatasetStatus.FAILED:
        raise typer.Exit(EXIT_FAILED)


def _body(**values: Any) -> DatasetCreate:
    """The registration as the API takes it: `check` and `add` refuse the same."""
    return _validated(DatasetCreate, values, "")


def _check_folder(body: DatasetCreate, task: SegmentationTask, pictures: Path | None) -> "FolderCheck":
    from worker.datasets.check import DecodedCase
    from worker.datasets.folder import CheckOptions, check_folder
    from worker.datasets.viewer_files import thumbnail_jpeg

    def keep_picture(case: DecodedCase) -> None:
        if pictures is not None and case.repairs:
            pictures.mkdir(parents=True, exist_ok=True)
            content = thumbnail_jpeg(case.case.image, case.case.structures, case.case.spacing)
            name = re.sub(r"[^\w.-]+", "_", case.name).lstrip(".")
            (pictures / f"{name}.jpg").write_bytes(content)

    options = CheckOptions(
        layout=body.layout,
        reading=body.reading,
        patient_pattern=body.patient_pattern,
    )
    try:
        return check_folder(body.folder, task, body.fractions, body.seed, keep_picture, options)
    except (ValueError, OSError) as error:
        fail(str(error), EXIT_WRONG_INPUT)


def _find_site(client: Client, federation: str | None, wanted: str) -> str:
    found = find_federation(client, federation)
    matching = [site.id for site in found.sites if wanted in (site.id, site.slug, site.name)]
    if len(matching) != 1:
        known = ", ".join(site.slug for site in found.sites) or "none yet"
        fail(f"{found.name} has no site {wanted!r}; its sites: {known}", EXIT_WRONG_INPUT)
    return matching[0]


def _label_map(path: Path) -> LabelMap:
    return _validated(LabelMap, label_map_in(read_yaml(path)), f"{path}: ")


def _validated(kind: type[Body], content: object, source: str) -> Body:
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, problem['loc'])) or 'content'}: {problem['msg']}" for problem in error.errors()]
        fail(source + "; ".join(lines), EXIT_WRONG_INPUT)


def task_of(file: Path | None, structures: list[str], channels: int, dimensions: int) -> SegmentationTask:
    """Of the file, or else of the options. Ends the command where they are wrong."""
    if file is None:
        return _task_of_options(structures, channels, dimensions)
    return _validated(SegmentationTask, task_in(read_yaml(file), file), f"{file}: ")


def _task_of_options(structures: list[str], channels: int, dimensions: int) -> SegmentationTask:
    parsed = tuple(_structure(text) for text in structures)
    foreground = Structure(name="foreground", label_values=tuple(range(1, 256)))
    values = {"modality": "unknown", "num_channels": channels, "dimensions": dimensions}
    return _validated(SegmentationTask, values | {"structures": parsed or (foreground,)}, "")


def _structure(text: str) -> Structure:
    name, separator, labels = text.rpartition("=")
    try:
        if not separator:
            raise ValueError("no =")
        return Structure(name=name, label_values=tuple(int(label) for label in labels.split(",")))
    except ValueError:
        fail(f'--structure {text!r} must be a name and labels, as "optic disc=1,2"', EXIT_WRONG_INPUT)


def _print_check(found: "FolderCheck", pictures: Path | None) -> None:
    skipped = [case for case in found.cases if case.reason_code]
    if skipped:
        _print_table(("case", "reason", "details"), [(c.name, str(c.reason_code), c.reason or "") for c in skipped])
    warned = [(case.name, warning.code, warning.message) for case in found.cases for warning in case.warnings]
    if warned:
        _print_table(("case", "warning", "details"), warned)
    for warning in found.warnings:
        typer.echo(warning)
    if repaired := Counter(repair for case in found.cases for repair in case.repairs):
        where = "look at them with --pictures DIR" if pictures is None else f"their pictures are in {pictures}"
        typer.echo(f"repaired: {_counts(repaired)}; {where}")
    if remedies := Counter(remedy for case in found.cases for remedy in case.remedies):
        typer.echo(f"skipped cases that can be used with {_counts(remedies)}")
    typer.echo(_summary(found.cases, skipped))


def _counts(counts: Mapping[Any, int]) -> str:
    """As options: `--repair resize_masks (41 cases)`."""
    parts = []
    for name, count in counts.items():
        option = f"--repair {name}" if name in REPAIRS else f"--{name.replace('_', '-')}"
        parts.append(f"{option} ({count} case{'s' * (count != 1)})")
    return ", ".join(parts)


def _summary(cases: tuple[CheckedCase, ...], skipped: list[CheckedCase]) -> str:
    splits = Counter(case.split for case in cases if case.split)
    counts = ", ".join(f"{splits[split]} {split}" for split in ("train", "val", "test"))
    used = f"{len(cases) - len(skipped)} of {len(cases)} cases can be used ({counts}), {len(skipped)} cannot"
    num_empty = sum(not case.reason_code and not any(case.structure_shares.values()) for case in cases)
    return f"{used}; of the used, {num_empty} have nothing there" if num_empty else used


def _print_record(record: DatasetRecord) -> None:
    if record.error:
        typer.echo(record.error)
    for warning in record.warnings:
        typer.echo(warning)
    if record.status == DatasetStatus.CHECKING:
        typer.echo(f"{record.name} of {record.site_name} ({record.id}) is being checked")
        if record.waits_for is not None:
            typer.echo(record.waits_for)
        return
    reasons = ", ".join(f"{count} {code}" for code, count in record.skipped_by_reason.items())
    skipped = f", {record.num_skipped} skipped ({reasons})" if record.num_skipped else ""
    total = record.num_used + record.num_skipped
    empty = f"; {record.num_empty} of them have nothing there" if record.num_empty else ""
    used = f"{record.num_used} of {total} cases used{empty}{skipped}"
    typer.echo(f"{record.name} of {record.site_name} ({record.id}): {used}")
    if record.num_repaired:
        typer.echo(f"repaired: {_counts(record.num_repaired)}")
    if record.num_remediable:
        typer.echo(f"skipped cases that can be used with {_counts(record.num_remediable)}: fedsm dataset recheck")
    if record.status == DatasetStatus.REVIEW:
        typer.echo(
            f"No run uses it yet: look at the repaired cases in the browser, then run fedsm dataset confirm {record.id}"
        )


def _print_table(columns: tuple[str, ...], rows: Sequence[tuple[str, str, str]]) -> None:
    table = Table(*columns)
    for row in rows:
        table.add_row(*row)
    make_console().print(table)
