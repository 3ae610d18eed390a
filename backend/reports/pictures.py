"""The worst, the median and the best test case of a report, of those whose picture may leave its site."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.artifacts.store import ArtifactStore
from backend.contracts.datasets import SitePolicy
from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.metrics import ModelKind
from backend.contracts.report_document import PICTURE_RANKS, PictureRank, Report, ReportPicture
from backend.contracts.score_text import printed
from backend.db.lookup import get_row
from backend.db.models import Experiment, Run, Site, TestedCase
from backend.db.session import read_only
from backend.errors import ArtifactDamaged, NotFound
from backend.evaluations.schemas import Checkpoint
from backend.evaluations.scored_cases import (
    SUPER,
    ExperimentCases,
    Query,
    experiment_cases,
    model_name,
    of_checkpoint,
    valued_cases,
)
from backend.evaluations.shown_table import shown_table
from backend.evaluations.table_rows import ALL
from backend.platform import Platform
from backend.sites import service as sites

if TYPE_CHECKING:
    from backend.reports.case_picture import CasePicture

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class DrawnPicture:
    """What the document says of it but for its address, and the JPEG."""

    said: ReportPicture
    jpeg: bytes


@dataclass(frozen=True)
class DrawnPictures:
    run_label: str
    seed: int
    model: ModelKind
    cases: tuple[DrawnPicture, ...]


def draw_pictures(platform: Platform, experiment_id: str, checkpoint: Checkpoint) -> DrawnPictures | None:
    """Of the super model of FedSM's first run with results, or of the best method where none is FedSM; None where no
    case has a picture. Nothing is stored."""
    with read_only(platform.database) as session:
        experiment = get_row(session, Experiment, experiment_id)
        cases = experiment_cases(session, experiment, checkpoint)
        if (shown := _shown_model(cases, checkpoint)) is None:
            return None
        run, model = shown
        ranked = _ranked(session, cases, run, model, Query("dice", checkpoint))
        of_slug = {site.slug: site for site in sites.list_sites(session, experiment.federation_id)}
        drawing = _Drawing(platform.artifacts, model, len(cases.structures), of_slug)
        chosen = tuple(_chosen(ranked, drawing))
    return DrawnPictures(run.strategy_label, run.seed, model, chosen) if chosen else None


def shown_document(session: Session, report: Report) -> Report:
    """Without the pictures, and the names of their cases, that the sites' policies of now do not let be shown."""
    if report.pictures is None:
        return report
    of_cases = {case.site_id for case in report.pictures.cases}
    shown = {
        site.id
        for site in session.scalars(select(Site).where(Site.id.in_(of_cases)))
        if may_show(sites.policy_of(site))
    }
    return report.model_copy(update={"pictures": report.pictures.without(of_cases - shown)})


def may_show(policy: SitePolicy) -> bool:
    """A picture is an image with its reference, and a prediction."""
    return policy.may_send_images and policy.may_send_predictions


def picture_file(store: ArtifactStore, report: Report, rank: PictureRank) -> bytes:
    """Of a document that `shown_document` made. Raises NotFound, and ArtifactDamaged."""
    cases = report.pictures.cases if report.pictures is not None else ()
    sha256 = next((case.picture for case in cases if case.rank == rank), None)
    if sha256 is None:
        raise NotFound(f"this report shows no picture of its {rank} case")
    with store.reading(sha256) as path:
        return path.read_bytes()


def picture_files(store: ArtifactStore, report: Report) -> dict[PictureRank, bytes]:
    """Those that can be read; the others are left out, so that the rest of the report is printed."""
    found: dict[PictureRank, bytes] = {}
    for case in report.pictures.cases if report.pictures is not None else ():
        try:
            found[case.rank] = picture_file(store, report, case.rank)
        except (NotFound, ArtifactDamaged) as error:
            if case.picture is not None:
                logger.warning("a report's picture cannot be shown: %s", error)
    return found


def _shown_model(cases: ExperimentCases, checkpoint: Checkpoint) -> tuple[Run, ModelKind] | None:
    """None where no run has scores of single cases."""
    scored = [run for run in cases.runs if cases.rows.get(run.id)]
    of_fedsm = [run for run in scored if isinstance(run.strategy, FedSMConfig)]
    if of_fedsm:
        return of_fedsm[0], "super"
    table = shown_table(cases, Query("dice", checkpoint))
    pooled = [column.key for column in table.columns].index(ALL)
    rows = [row for row in table.rows if row.cells[pooled].score is not None]
    for row in sorted(rows, key=lambda row: not row.cells[pooled].best):
        if found := [run for run in scored if run.strategy_label == row.strategy_label]:
            return found[0], row.model
    return None


def _ranked(
    session: Session, cases: ExperimentCases, run: Run, model: ModelKind, query: Query
) -> list[tuple[float, TestedCase]]:
    """The test cases of the sites that train, the worst first; those without a value are left out."""
    pooled = cases.places.select(cases.rows[run.id], None)
    values = {row.case_id: value.value for row, value in valued_cases(pooled, model, query)}
    rows = session.scalars(select(TestedCase).where(*of_checkpoint([run.id], query.checkpoint)))
    valued = [(value, row) for row in rows if (value := values.get(row.case_id)) is not None]
    return sorted(valued, key=lambda entry: (entry[0], entry[1].site_slug, entry[1].name))


@dataclass(frozen=True)
class _Drawing:
    """Draws a case of a model where its site's policy of now, and what it sent, allow it."""

    store: ArtifactStore
    model: ModelKind
    num_structures: int
    of_slug: dict[str, Site]

    def draw(self, row: TestedCase) -> "CasePicture | None":
        from backend.reports.case_picture import CaseFiles, case_picture  # with its library, as in `service.py`

        site = self.of_slug.get(row.site_slug)
        used = row.chosen_model if self.model == SUPER else model_name(self.model, row.site_slug)
        prediction = row.predictions.get(used or "")
        if site is None or not may_show(sites.policy_of(site)) or None in (row.image, row.reference, prediction):
            return None
        try:
            with (
                self.store.reading(row.image or "") as image,
                self.store.reading(row.reference or "") as reference,
                self.store.reading(prediction or "") as mask,
            ):
                return case_picture(CaseFiles(image, reference, mask), self.num_structures)
        except (ValueError, NotFound, ArtifactDamaged) as error:
            logger.warning("the case %s has no picture in a report: %s", row.case_id, error)
            return None


def _chosen(ranked: list[tuple[float, TestedCase]], drawing: _Drawing) -> Iterator[DrawnPicture]:
    """A case without a picture is passed over for the next one towards the middle, or from it; none is shown twice."""
    indices = range(len(ranked))
    middle = (len(ranked) - 1) // 2
    orders = {
        "worst": indices,
        "best": indices[::-1],
        "median": sorted(indices, key=lambda index: (abs(index - middle), index)),
    }
    found: dict[str, tuple[int, CasePicture, bool]] = {}
    for rank, order in orders.items():
        taken = {index for index, _, _ in found.values()}
        for index in order:
            if index not in taken and (picture := drawing.draw(ranked[index][1])) is not None:
                found[rank] = index, picture, index != order[0]
                break
    for rank in PICTURE_RANKS:
        if rank in found:
            index, picture, passed_over = found[rank]
            value, row = ranked[index]
            said = ReportPicture(
                rank=rank,
                passed_over=passed_over,
                site_slug=row.site_slug,
                site_id=drawing.of_slug[row.site_slug].id,
                name=row.name,
                dice=value,
                dice_text=printed(value, "dice"),
                chosen_model=row.chosen_model if drawing.model == SUPER else None,
                slice=picture.slice,
            )
            yield DrawnPicture(said, picture.jpeg)
