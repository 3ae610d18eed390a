"""The REST API from Python: what the command line and the tests speak."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from backend.consents.schemas import ApprovalRecord
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.exports import ExportForm
from backend.contracts.model_tests import ModelTestCreate
from backend.contracts.task_definition import SegmentationTask
from backend.contracts.thresholds import ThresholdChoice
from backend.datasets.alike_schemas import AlikeRecord, AlikeReport, PairDecide
from backend.datasets.leakage.schemas import LeakageReport
from backend.datasets.schemas import CaseRecord, CheckAgain, DatasetConfirm, DatasetCreate, DatasetRecord
from backend.datasets.statistics.schemas import FederationStatistics
from backend.dry_runs.schemas import DryRunCreate, DryRunRecord
from backend.evaluations.gap.schemas import Gap
from backend.evaluations.run_comparison.schemas import RunComparison
from backend.evaluations.schemas import AllResults, Comparison, ExperimentResults, RunHistory, RunMatrix
from backend.evaluations.selector_schemas import RunSelector, SelectorCases
from backend.evaluations.verdict.schemas import Verdict
from backend.events.schemas import EventRecord
from backend.experiments.schemas import (
    ConfigCheck,
    ConfigCheckResult,
    ExperimentCreate,
    ExperimentRecord,
    PresetRecord,
    RunsAdd,
)
from backend.experiments.sweeps.schemas import SweepCreate, SweepPlan
from backend.exports.schemas import ExportCreate, ExportRecord
from backend.federations.schemas import FederationCreate, FederationRecord
from backend.predictions.schemas import PredictionBatchRecord, PredictionRecord
from backend.registry.schemas import RegisteredModelRecord, VersionComparison
from backend.reports.schemas import ReportCreate, ReportRecord
from backend.runs.schemas import (
    ExtensionPreview,
    MetricRecord,
    RunCases,
    RunExtend,
    RunRecord,
    RunRoundState,
    TaskRecord,
)
from backend.sites.schemas import SiteCreate, SiteRecord, SiteUpdate
from backend.storage.schemas import (
    ExperimentStorage,
    ScrubRecord,
    SentRecord,
    SiteDepartures,
    StorageRecord,
    SweepRecord,
)
from backend.trained_models.schemas import ModelSet, StudentRecord
from backend.users.schemas import MemberInvite, MemberSet, NewInvitation, SystemRecord, UserRecord
from fedsm.connection import PREFIX, Connection, server_and_token
from fedsm.connection import ApiError as ApiError
from fedsm.connection import NoServer as NoServer
from fedsm.local.home import Home
from fedsm.packing import packed


class Client(Connection):
    """The calls, one method each."""

    def system(self) -> SystemRecord:
        return self._get("/system", SystemRecord)

    def federations(self) -> list[FederationRecord]:
        return self._get("/federations", list[FederationRecord])

    def federation(self, federation_id: str) -> FederationRecord:
        return self._get(f"/federations/{federation_id}", FederationRecord)

    def create_federation(self, name: str, description: str, task: SegmentationTask) -> FederationRecord:
        body = FederationCreate(name=name, description=description, task=task)
        return self._post("/federations", body, FederationRecord)

    def create_site(self, federation_id: str, site: SiteCreate) -> SiteRecord:
        return self._post(f"/federations/{federation_id}/sites", site, SiteRecord)

    def update_site(self, site_id: str, change: SiteUpdate) -> SiteRecord:
        content = change.model_dump_json(exclude_unset=True)
        response = self._send(
            "PATCH", f"/sites/{site_id}", content=content, headers={"Content-Type": "application/json"}
        )
        return SiteRecord.model_validate_json(response.content)

    def datasets(self, federation_id: str) -> list[DatasetRecord]:
        return self._get(f"/federations/{federation_id}/datasets", list[DatasetRecord])

    def register_dataset(self, site_id: str, dataset: DatasetCreate) -> DatasetRecord:
        return self._post(f"/sites/{site_id}/datasets", dataset, DatasetRecord)

    def dataset(self, dataset_id: str) -> DatasetRecord:
        return self._get(f"/datasets/{dataset_id}", DatasetRecord)

    def delete_dataset(self, dataset_id: str) -> None:
        self._send("DELETE", f"/datasets/{dataset_id}")

    def check_dataset(self, dataset_id: str, change: CheckAgain) -> DatasetRecord:
        return self._post(f"/datasets/{dataset_id}/check", change, DatasetRecord)

    def confirm_dataset(self, dataset_id: str, fingerprint: str) -> DatasetRecord:
        """fingerprint: of the data as they were looked at."""
        return self._post(f"/datasets/{dataset_id}/confirm", DatasetConfirm(fingerprint=fingerprint), DatasetRecord)

    def dataset_cases(self, dataset_id: str) -> list[CaseRecord]:
        return self._get(f"/datasets/{dataset_id}/cases", list[CaseRecord])

    def statistics(self, federation_id: str) -> FederationStatistics:
        return self._get(f"/federations/{federation_id}/statistics", FederationStatistics)

    def leakage(self, federation_id: str) -> LeakageReport:
        return self._get(f"/federations/{federation_id}/leakage", LeakageReport)

    def alike(self, federation_id: str, dataset_id: str | None = None) -> AlikeReport:
        query = {} if dataset_id is None else {"dataset_id": dataset_id}
        return self._get(f"/federations/{federation_id}/alike", AlikeReport, **query)

    def decide_alike(self, first_case_id: str, second_case_id: str, decision: str) -> AlikeRecord:
        body = PairDecide.model_validate(
            {"first_case_id": first_case_id, "second_case_id": second_case_id, "decision": decision}
        )
        return self._post("/alike/decisions", body, AlikeRecord)

    def experiments(self, federation_id: str) -> list[ExperimentRecord]:
        return self._get(f"/federations/{federation_id}/experiments", list[ExperimentRecord])

    def create_experiment(
        self, federation_id: str, name: str, config: ExperimentConfig, description: str = ""
    ) -> ExperimentRecord:
        body = ExperimentCreate(name=name, description=description, config=config)
        return self._post(f"/federations/{federation_id}/experiments", body, ExperimentRecord)

    def check_experiment(self, federation_id: str, config: ExperimentConfig) -> ConfigCheckResult:
        """Creates nothing."""
        return self._post(
            f"/federations/{federation_id}/experiments/check", ConfigCheck(config=config), ConfigCheckResult
        )

    def method_presets(
        self, federation_id: str, held_out: Sequence[str], rounds: int | None = None
    ) -> list[PresetRecord]:
        """held_out: slugs of sites that do not train. rounds: of a run; None leaves nothing out for them."""
        path = f"/federations/{federation_id}/method-presets"
        of_run = {} if rounds is None else {"rounds": str(rounds)}
        return self._get(path, list[PresetRecord], held_out=list(held_out), **of_run)

    def plan_sweep(self, federation_id: str, body: SweepCreate) -> SweepPlan:
        """Creates nothing."""
        return self._post(f"/federations/{federation_id}/experiments/sweep", body, SweepPlan)

    def experiment(self, experiment_id: str) -> ExperimentRecord:
        return self._get(f"/experiments/{experiment_id}", ExperimentRecord)

    def update_experiment(self, experiment_id: str, **change: Any) -> ExperimentRecord:
        """change: fields of ExperimentUpdate, which the backend checks."""
        response = self._send("PATCH", f"/experiments/{experiment_id}", json=change)
        return ExperimentRecord.model_validate_json(response.content)

    def delete_experiment(self, experiment_id: str) -> None:
        self._send("DELETE", f"/experiments/{experiment_id}")

    def start_experiment(self, experiment_id: str) -> ExperimentRecord:
        return self._post(f"/experiments/{experiment_id}/start", None, ExperimentRecord)

    def add_runs(self, experiment_id: str, body: RunsAdd) -> ExperimentRecord:
        return self._post(f"/experiments/{experiment_id}/runs", body, ExperimentRecord)

    def cancel_experiment(self, experiment_id: str) -> ExperimentRecord:
        return self._post(f"/experiments/{experiment_id}/cancel", None, ExperimentRecord)

    def resume_experiment(self, experiment_id: str) -> ExperimentRecord:
        return self._post(f"/experiments/{experiment_id}/resume", None, ExperimentRecord)

    def results(self, experiment_id: str, metric: str = "dice", checkpoint: str = "best") -> ExperimentResults:
        path = f"/experiments/{experiment_id}/results"
        return self._get(path, ExperimentResults, metric=metric, checkpoint=checkpoint)

    def all_results(self, experiment_id: str, checkpoint: str = "best") -> AllResults:
        return self._get(f"/experiments/{experiment_id}/results.json", AllResults, checkpoint=checkpoint)

    def export(self, experiment_id: str, file: str, **query: str) -> str:
        """The text of `results.csv`, `cases.csv` or `results.tex`."""
        return self._send("GET", f"/experiments/{experiment_id}/{file}", params=query).text

    def verdict(self, experiment_id: str, **query: str) -> Verdict:
        return self._get(f"/experiments/{experiment_id}/verdict", Verdict, **query)

    def comparison(self, experiment_id: str, baseline: str, **query: str) -> Comparison:
        return self._get(f"/experiments/{experiment_id}/comparison", Comparison, baseline=baseline, **query)

    def gap(self, experiment_id: str, **query: str) -> Gap:
        return self._get(f"/experiments/{experiment_id}/gap", Gap, **query)

    def run_matrix(self, run_id: str, **query: str) -> RunMatrix:
        return self._get(f"/runs/{run_id}/matrix", RunMatrix, **query)

    def selector_cases(self, run_id: str, **query: str) -> SelectorCases:
        return self._get(f"/runs/{run_id}/selector/cases", SelectorCases, **query)

    def compare_runs(self, federation_id: str, run_ids: list[str], metric: str, checkpoint: str) -> RunComparison:
        query = {"run": run_ids, "metric": metric, "checkpoint": checkpoint}
        content = self._send("GET", f"/federations/{federation_id}/run-comparison", params=query).content
        return RunComparison.model_validate_json(content)

    def run_selector(self, run_id: str, **query: str) -> RunSelector:
        return self._get(f"/runs/{run_id}/selector", RunSelector, **query)

    def create_report(self, experiment_id: str, body: ReportCreate) -> ReportRecord:
        return self._post(f"/experiments/{experiment_id}/reports", body, ReportRecord)

    def reports(self, experiment_id: str) -> list[ReportRecord]:
        return self._get(f"/experiments/{experiment_id}/reports", list[ReportRecord])

    def revoke_report(self, report_id: str) -> ReportRecord:
        return self._post(f"/reports/{report_id}/revoke", None, ReportRecord)

    def start_dry_run(self, federation_id: str, config: ExperimentConfig) -> DryRunRecord:
        return self._post(f"/federations/{federation_id}/dry-runs", DryRunCreate(config=config), DryRunRecord)

    def dry_run(self, dry_run_id: str) -> DryRunRecord:
        return self._get(f"/dry-runs/{dry_run_id}", DryRunRecord)

    def cancel_dry_run(self, dry_run_id: str) -> DryRunRecord:
        return self._post(f"/dry-runs/{dry_run_id}/cancel", None, DryRunRecord)

    def predict(
        self, run_id: str, *images: Path, threshold: ThresholdChoice = "run", batch: str | None = None
    ) -> PredictionRecord:
        """Sends a file, a folder with a DICOM series, or the files of one image; poll `prediction` for the masks.
        batch: the id of the batch that it belongs to.

        Raises CannotSend where they are none.
        """
        with packed(images) as (name, file):
            params = {"name": name, "threshold": threshold} | ({} if batch is None else {"batch": batch})
            content = self._send("POST", f"/runs/{run_id}/predictions", params=params, content=file).content
        return PredictionRecord.model_validate_json(content)

    def prediction(self, prediction_id: str) -> PredictionRecord:
        return self._get(f"/predictions/{prediction_id}", PredictionRecord)

    def start_batch(self, run_id: str, num_images: int) -> PredictionBatchRecord:
        """Of images to be tried together; `predict` takes its id."""
        return self._post(f"/runs/{run_id}/prediction-batches?num_images={num_images}", None, PredictionBatchRecord)

    def prediction_batch(self, batch_id: str) -> PredictionBatchRecord:
        return self._get(f"/prediction-batches/{batch_id}", PredictionBatchRecord)

    def delete_batch(self, batch_id: str) -> None:
        self._send("DELETE", f"/prediction-batches/{batch_id}")

    def start_export(self, run_id: str, form: ExportForm, threshold: ThresholdChoice = "run") -> ExportRecord:
        """A form of a run's models for other programs; poll `export` until it is made."""
        return self._post(f"/runs/{run_id}/exports", ExportCreate(form=form, threshold=threshold), ExportRecord)

    def model_export(self, export_id: str) -> ExportRecord:
        return self._get(f"/exports/{export_id}", ExportRecord)

    def predictions(self, run_id: str, batch: str | None = None) -> list[PredictionRecord]:
        """The newest first. batch: of this one alone."""
        params = {} if batch is None else {"batch": batch}
        return self._get(f"/runs/{run_id}/predictions", list[PredictionRecord], **params)

    def delete_prediction(self, prediction_id: str) -> None:
        self._send("DELETE", f"/predictions/{prediction_id}")

    def model_sets(self, federation_id: str) -> list[ModelSet]:
        return self._get(f"/federations/{federation_id}/models", list[ModelSet])

    def model_set(self, run_id: str) -> ModelSet:
        return self._get(f"/runs/{run_id}/model", ModelSet)

    def run(self, run_id: str) -> RunRecord:
        return self._get(f"/runs/{run_id}", RunRecord)

    def run_tasks(self, run_id: str) -> list[TaskRecord]:
        return self._get(f"/runs/{run_id}/tasks", list[TaskRecord])

    def run_approvals(self, run_id: str) -> list[ApprovalRecord]:
        """What the hospitals among the run's sites decided."""
        return self._get(f"/runs/{run_id}/approvals", list[ApprovalRecord])

    def rerun_task(self, run_id: str, task_id: str) -> TaskRecord:
        return self._post(f"/runs/{run_id}/tasks/{task_id}/rerun", None, TaskRecord)

    def act_on_run(self, run_id: str, action: str) -> RunRecord:
        """action: pause, resume, cancel or finish."""
        return self._post(f"/runs/{run_id}/{action}", None, RunRecord)

    def extension(self, run_id: str, rounds: int) -> ExtensionPreview:
        """What `rounds` in all would do; changes nothing."""
        return self._get(f"/runs/{run_id}/extension", ExtensionPreview, rounds=str(rounds))

    def extend_run(self, run_id: str, rounds: int) -> RunRecord:
        return self._post(f"/runs/{run_id}/extend", RunExtend(rounds=rounds), RunRecord)

    def events(self, **query: str) -> list[EventRecord]:
        return self._get("/events", list[EventRecord], **query)

    def events_text(self, **query: str) -> str:
        return self._send("GET", "/events.txt", params=query).text

    def run_metrics(self, run_id: str) -> list[MetricRecord]:
        return self._get(f"/runs/{run_id}/metrics", list[MetricRecord])

    def run_events(self, run_id: str) -> list[EventRecord]:
        return self._get(f"/runs/{run_id}/events", list[EventRecord])

    def run_rounds(self, run_id: str) -> list[RunRoundState]:
        """The parts of the state after each round, round 0 first."""
        return self._get(f"/runs/{run_id}/rounds", list[RunRoundState])

    def run_cases(self, run_id: str) -> RunCases:
        return self._get(f"/runs/{run_id}/cases", RunCases)

    def run_history(self, run_id: str) -> RunHistory:
        """Masks and Dice of a few test cases over the rounds."""
        return self._get(f"/runs/{run_id}/history", RunHistory)

    def artifact(self, url: str) -> bytes:
        """The bytes behind one of the API's own artifact addresses, such as a case's `image_url`."""
        return self._send("GET", url.removeprefix(PREFIX)).content

    def storage(self) -> StorageRecord:
        return self._get("/storage", StorageRecord)

    def experiment_storage(self, experiment_id: str) -> ExperimentStorage:
        return self._get(f"/experiments/{experiment_id}/storage", ExperimentStorage)

    def sweep_storage(self) -> SweepRecord:
        return self._post("/storage/sweep", None, SweepRecord)

    def scrub_storage(self) -> ScrubRecord:
        return self._post("/storage/scrub", None, ScrubRecord)

    def sent(self, site_id: str) -> SentRecord:
        """What left the site before its policy forbade it."""
        return self._get(f"/sites/{site_id}/sent", SentRecord)

    def departures(self, site_id: str) -> SiteDepartures:
        """What left a site, when and to whom."""
        return self._get(f"/sites/{site_id}/departures", SiteDepartures)

    def withdraw(self, site_id: str) -> SentRecord:
        return self._post(f"/sites/{site_id}/withdraw", None, SentRecord)

    def invite(self, federation_id: str, body: MemberInvite) -> NewInvitation:
        return self._post(f"/federations/{federation_id}/invitations", body, NewInvitation)

    def set_member(self, federation_id: str, user_id: str, body: MemberSet) -> UserRecord:
        response = self._send("PUT", f"/federations/{federation_id}/members/{user_id}", json=body.model_dump())
        return UserRecord.model_validate_json(response.content)

    def import_model(self, federation_id: str, archive: Path) -> ModelSet:
        with archive.open("rb") as file:
            path = f"/federations/{federation_id}/models"
            content = self._send("POST", path, params={"name": archive.name}, content=file, timeout=None).content
        return ModelSet.model_validate_json(content)

    def start_model_test(self, run_id: str, body: ModelTestCreate) -> ExperimentRecord:
        return self._post(f"/runs/{run_id}/tests", body, ExperimentRecord)

    def add_site_to_model(self, version_id: str, **body: Any) -> ExperimentRecord:
        """body: fields of SiteAdditionCreate, which the backend checks."""
        return ExperimentRecord.model_validate(self.post_json(f"/model-versions/{version_id}/site-additions", body))

    def fine_tune_model(self, version_id: str, **body: Any) -> ExperimentRecord:
        """body: fields of FineTuneCreate, which the backend checks."""
        return ExperimentRecord.model_validate(self.post_json(f"/model-versions/{version_id}/fine-tunings", body))

    def registered_models(self, federation_id: str) -> list[RegisteredModelRecord]:
        return self._get(f"/federations/{federation_id}/registered-models", list[RegisteredModelRecord])

    def students(self, run_id: str) -> list[StudentRecord]:
        """Of a run's super model, with the Dice of both on the same test cases."""
        return self._get(f"/runs/{run_id}/students", list[StudentRecord])

    def compare_versions(self, version_id: str, other: str) -> VersionComparison:
        return self._get(f"/model-versions/{version_id}/comparison", VersionComparison, other=other)


def connect(home: Home, server: str | None = None, token: str | None = None) -> Client:
    """The server of the options, of FEDSM_SERVER and FEDSM_TOKEN, or of the platform running on the state folder.

    Raises NoServer."""
    return Client(*server_and_token(home, server, token))
