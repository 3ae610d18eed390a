"""The check of a data set, and the files that the viewer shows of its cases."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from backend.contracts.artifacts import JPEG, NIFTI_GZ
from backend.contracts.tasks import (
    CheckedCase,
    DatasetManifest,
    DescribeDatasetPayload,
    DescribeDatasetResult,
    EvaluateSitePayload,
    ManifestCase,
    ViewerFiles,
)
from worker.datasets.check import DecodedCase
from worker.datasets.folder import CheckOptions, check_folder, read_case
from worker.datasets.pseudonyms import PseudonymKey
from worker.datasets.viewer_files import image_nifti, mask_nifti, thumbnail_jpeg
from worker.engine.data import Case, ParticipantData
from worker.engine.evaluation import EvaluatedCase
from worker.engine.state import GLOBAL, personalized
from worker.process.lease import Lease
from worker.stores.api_client import ApiClient
from worker.stores.pseudonym_secret import pseudonym_secret


def describe_dataset(
    payload: DescribeDatasetPayload, api: ApiClient, lease: Lease, home: Path
) -> DescribeDatasetResult:
    """Every case with its split or the reason why it is not used, and thumbnails where the site lets images leave.

    home: the worker's folder, which holds the secret of patients' pseudonyms. Raises ValueError where the folder or a
    setting cannot be used, and what the lease raises.
    """
    thumbnails: dict[str, str] = {}

    def visit(case: DecodedCase) -> None:
        if payload.may_send_thumbnails:
            thumbnails[case.name] = api.upload(
                thumbnail_jpeg(case.case.image, case.case.structures, case.case.spacing), JPEG
            )
        lease.report(case.fraction)

    options = CheckOptions(
        layout=payload.layout,
        reading=payload.reading,
        patient_pattern=payload.patient_pattern,
        pseudonyms=PseudonymKey(pseudonym_secret(home), payload.site),
        may_send_hashes=payload.may_send_hashes,
        joined=payload.joined,
    )
    found = check_folder(payload.folder, payload.task, payload.fractions, payload.seed, visit, options)
    return DescribeDatasetResult(
        cases=tuple(_with_thumbnail(case, thumbnails.get(case.name)) for case in found.cases),
        intensity_histogram=found.intensity_histogram,
        layout=found.layout,
        reading=found.reading,
        warnings=found.warnings,
        statistics=found.statistics,
        pseudonym_key=found.pseudonym_key,
        alike=found.alike,
    )


def _with_thumbnail(case: CheckedCase, sha256: str | None) -> CheckedCase:
    return case if sha256 is None or case.reason_code else case.model_copy(update={"thumbnail": sha256})


@dataclass(frozen=True)
class CaseFileStore:
    """Stores what the viewer shows of test cases, and only what their site lets leave."""

    payload: EvaluateSitePayload
    data: ParticipantData
    api: ApiClient

    def store(self, result: EvaluatedCase) -> ViewerFiles | None:
        """The stored image, reference and predictions of a case; None where they may not leave."""
        if result.case_id not in self._sources:
            return None
        return _store_case(self.payload, result, self._cases[result.case_id], *self._sources[result.case_id], self.api)

    @cached_property
    def _cases(self) -> dict[str, Case]:
        return {case.case_id: case for site in self.data for case in site.test}

    @cached_property
    def _sources(self) -> dict[str, tuple[DatasetManifest, ManifestCase]]:
        return {
            file.case_id: (manifest, file)
            for manifest in self.payload.data
            if self.payload.with_files and (manifest.may_send_images or manifest.may_send_predictions)
            for file in manifest.cases
        }


def _store_case(
    payload: EvaluateSitePayload,
    result: EvaluatedCase,
    case: Case,
    manifest: DatasetManifest,
    file: ManifestCase,
    api: ApiClient,
) -> ViewerFiles:
    shown = _shown_models(result) if manifest.may_send_predictions else ()
    files = ViewerFiles(
        case_id=case.case_id,
        predictions={
            model: api.upload(mask_nifti(result.masks[model], case.affine), NIFTI_GZ)
            for model in shown
            if model in result.masks
        },
    )
    if not manifest.may_send_images:
        return files
    read = read_case(Path(manifest.folder), file, payload.run.task, manifest.reading)  # its pixels are kept nowhere
    image = api.upload(image_nifti(read.image, read.spacing, read.affine), NIFTI_GZ)
    reference = api.upload(mask_nifti(case.reference_original, case.affine), NIFTI_GZ)
    return files.model_copy(update={"image": image, "reference": reference})


def _shown_models(result: EvaluatedCase) -> tuple[str, ...]:
    """The names of the models whose masks are shown: global, the site's own personalized one, and the super model's
    choice."""
    chosen = () if result.route is None else (result.route.chosen_model,)
    return tuple(dict.fromkeys((GLOBAL, personalized(result.site), *chosen)))
