"""The tables, one a file."""

from backend.db.models.api_token import ApiToken
from backend.db.models.artifact import Artifact, ArtifactHold
from backend.db.models.audit_record import AuditRecord, AuditStart
from backend.db.models.case import Case
from backend.db.models.case_history import CaseHistory
from backend.db.models.dataset import Dataset
from backend.db.models.dataset_check import DatasetCheck
from backend.db.models.dry_run import DryRun
from backend.db.models.email_choice import EmailChoice
from backend.db.models.event import Event
from backend.db.models.experiment import Experiment
from backend.db.models.federation import Federation
from backend.db.models.invitation import Invitation
from backend.db.models.membership import MembershipRow
from backend.db.models.metric import Metric
from backend.db.models.model_export import ModelExport
from backend.db.models.moment import Moment
from backend.db.models.notice import Notice
from backend.db.models.pair_decision import PairDecision
from backend.db.models.planned_version import PlannedVersion
from backend.db.models.prediction import Prediction, PredictionBatch
from backend.db.models.registered_model import ModelAlias, ModelVersion, RegisteredModel
from backend.db.models.report import Report
from backend.db.models.run import Run
from backend.db.models.run_approval import RunApproval
from backend.db.models.run_dataset import RunDataset
from backend.db.models.run_round import RunRound
from backend.db.models.score_summary import ScoreSummaryRow
from backend.db.models.second_factor import SecondFactor
from backend.db.models.second_factor_duty import SecondFactorDuty
from backend.db.models.site import Site
from backend.db.models.site_consent import SiteConsent
from backend.db.models.site_credential import SiteCredential
from backend.db.models.site_head import SiteHead
from backend.db.models.site_invitation import SiteInvitation
from backend.db.models.task import Task
from backend.db.models.test_means import TestMeans
from backend.db.models.tested_case import TestedCase
from backend.db.models.threshold_curve import ThresholdCurve
from backend.db.models.user import User
from backend.db.models.user_identity import UserIdentity
from backend.db.models.user_session import UserSession
from backend.db.models.validated_case import ValidatedCase
from backend.db.models.worker import Worker
from backend.db.models.worker_day import WorkerDay

__all__ = [
    "ApiToken",
    "Artifact",
    "ArtifactHold",
    "AuditRecord",
    "AuditStart",
    "Case",
    "CaseHistory",
    "Dataset",
    "DatasetCheck",
    "DryRun",
    "EmailChoice",
    "Event",
    "Experiment",
    "Federation",
    "Invitation",
    "MembershipRow",
    "Metric",
    "ModelAlias",
    "ModelExport",
    "ModelVersion",
    "Moment",
    "Notice",
    "PairDecision",
    "PlannedVersion",
    "Prediction",
    "PredictionBatch",
    "RegisteredModel",
    "Report",
    "Run",
    "RunApproval",
    "RunDataset",
    "RunRound",
    "ScoreSummaryRow",
    "SecondFactor",
    "SecondFactorDuty",
    "Site",
    "SiteConsent",
    "SiteCredential",
    "SiteHead",
    "SiteInvitation",
    "Task",
    "TestMeans",
    "TestedCase",
    "ThresholdCurve",
    "User",
    "UserIdentity",
    "UserSession",
    "ValidatedCase",
    "Worker",
    "WorkerDay",
]
