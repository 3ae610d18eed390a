"""What may leave a hospital: names of cases and files, lines of logs, texts of errors, scores of single cases. All are
closed by default.

A closed name leaves as a pseudonym that this site alone can resolve; what the hub sends back with it is resolved before
a worker sees it. A closed text leaves as its kind; the text itself stays in the agent's log.
"""

import hashlib
import hmac
import json
import logging
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.contracts.datasets import CheckedCase, DatasetManifest, DescribeDatasetPayload, DescribeDatasetResult
from backend.contracts.failures import ADVICE
from backend.contracts.likeness import Alike, AlikePair
from backend.contracts.site_limits import SiteLimits
from backend.contracts.tasks import (
    ClaimedTask,
    CompleteRequest,
    EvaluateSiteResult,
    FailRequest,
    ProgressReport,
    TrainSiteResult,
    ValidateSiteResult,
)
from fedsm.site_agent.policy import FILE_NAME, HospitalPolicy
from fedsm.site_agent.resources import line_of
from fedsm.site_agent.site_home import SiteHome, write_private
from fedsm.site_agent.stated_cases import StatedCases
from fedsm.site_agent.summaries import NOTHING, summarised
from fedsm.site_agent.validation_means import stated_points

logger = logging.getLogger(__name__)

KEPT_HERE = "the hospital's policy lets no text leave; its agent's log has it"
_DIGITS = 16
#: Of a report's message.
MAX_MESSAGE_CHARACTERS = 2000

Report = CompleteRequest | FailRequest | ProgressReport


@dataclass(frozen=True)
class Names:
    """The site's pseudonyms and what they stand for, in a file that only this user reads."""

    path: Path

    def resolve(self, claimed: ClaimedTask) -> ClaimedTask:
        """The task with the names that the files here have."""
        payload, known = claimed.payload, self._known()
        if isinstance(payload, DescribeDatasetPayload):
            joined = tuple(
                group.model_copy(update={"names": tuple(known.get(name, name) for name in group.names)})
                for group in payload.joined
            )
            return claimed.model_copy(update={"payload": payload.model_copy(update={"joined": joined})})
        if (manifests := getattr(payload, "data", None)) is None:
            return claimed
        data = tuple(_resolved(manifest, known) for manifest in manifests)
        return claimed.model_copy(update={"payload": payload.model_copy(update={"data": data})})

    def hide(self, result: DescribeDatasetResult) -> DescribeDatasetResult:
        """With pseudonyms, which are on the disk before they leave."""
        known = self._known()
        key = bytes.fromhex(known.setdefault("", secrets.token_hex(32)))

        def hidden(text: str, prefix: str) -> str:
            pseudonym = prefix + hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:_DIGITS]
            known[pseudonym] = text
            return pseudonym

        def hidden_case(case: CheckedCase) -> CheckedCase:
            changes: dict[str, Any] = {
                "name": hidden(case.name, "case-"),
                "image": hidden(case.image, "file-"),
                "mask": None if case.mask is None else hidden(case.mask, "file-"),
                "mask_parts": {name: hidden(part, "file-") for name, part in case.mask_parts.items()},
            }
            return case.model_copy(update=changes)

        def hidden_pair(pair: AlikePair) -> AlikePair:
            first, second = sorted((hidden(pair.first, "case-"), hidden(pair.second, "case-")))
            return pair.model_copy(update={"first": first, "second": second})

        pairs = tuple(hidden_pair(pair) for pair in result.alike.pairs)
        cases = tuple(hidden_case(case) for case in result.cases)
        write_private(self.path, json.dumps(known))
        alike = Alike(pairs=pairs, limit_bits=result.alike.limit_bits)
        return result.model_copy(update={"cases": cases, "alike": alike})

    def _known(self) -> dict[str, str]:
        """Pseudonym to name; under the empty one the key that makes them."""
        try:
            known: dict[str, str] = json.loads(self.path.read_text())
        except FileNotFoundError:
            return {}
        return known


def leaves(policy: HospitalPolicy, limits: SiteLimits, home: SiteHome, task_id: str, asked: Report) -> Report:
    """A worker's report as the hub gets it. limits: those of the task."""
    asked = asked if policy.may_send_case_scores else _without_cases(policy, StatedCases(home.stated), task_id, asked)
    if isinstance(asked, CompleteRequest):
        if not isinstance(asked.result, DescribeDatasetResult):
            return asked
        result = asked.result if policy.may_send_texts else _without_texts(task_id, asked.result)
        result = result if policy.may_send_names else Names(home.names_file).hide(result)
        return asked.model_copy(update={"result": result})
    if isinstance(asked, ProgressReport):
        if policy.may_send_texts:
            return asked
        for line in asked.logs:
            logger.log(logging.getLevelName(line.level.upper()), "task %s: %s", task_id, line.message)
        return asked.model_copy(update={"logs": ()})
    ended_by = line_of(limits, asked.kind)
    if policy.may_send_texts:
        message = asked.message if ended_by is None else f"{ended_by}: {asked.message}"[:MAX_MESSAGE_CHARACTERS]
        return asked.model_copy(update={"message": message})
    logger.warning("task %s failed: %s\n%s", task_id, asked.message, asked.detail)
    message = ended_by or f"{ADVICE[asked.kind].title}: {KEPT_HERE}, under task {task_id}"
    return asked.model_copy(update={"message": message, "detail": ""})


def _without_cases(policy: HospitalPolicy, stated: StatedCases, task_id: str, asked: Report) -> Report:
    """With means over cases alone, of which no single one follows."""
    minimum = policy.minimum_scored_cases
    if isinstance(asked, ProgressReport):
        return asked.model_copy(update={"metrics": stated_points(asked.metrics, minimum)})
    if not isinstance(asked, CompleteRequest):
        return asked
    result = asked.result
    if isinstance(result, TrainSiteResult | ValidateSiteResult):
        metrics = stated_points(result.metrics, minimum)
        return asked.model_copy(update={"result": result.model_copy(update={"metrics": metrics})})
    if isinstance(result, EvaluateSiteResult):
        return asked.model_copy(update={"result": _summary(result, stated, task_id, minimum)})
    return asked


def _summary(result: EvaluateSiteResult, stated: StatedCases, task_id: str, minimum: int) -> EvaluateSiteResult:
    summary = summarised(result, minimum)
    if summary == NOTHING or stated.may_state(task_id, {score.case_id for score in result.scores}, minimum):
        return summary
    logger.warning(
        "task %s: no mean leaves, because next to those of earlier tests it would tell of fewer than %d cases. Test "
        "the same cases as before, or add or remove at least %d (%s, minimum_scored_cases).",
        task_id,
        minimum,
        minimum,
        FILE_NAME,
    )
    return NOTHING


def _without_texts(task_id: str, result: DescribeDatasetResult) -> DescribeDatasetResult:
    for warning in result.warnings:
        logger.warning("task %s: %s", task_id, warning)
    cases = tuple(_case_without_texts(task_id, case) for case in result.cases)
    warnings = (f"There are {len(result.warnings)} warnings: {KEPT_HERE}.",) if result.warnings else ()
    return result.model_copy(update={"cases": cases, "warnings": warnings})


def _case_without_texts(task_id: str, case: CheckedCase) -> CheckedCase:
    if case.reason is not None:
        logger.warning("task %s: %s is skipped: %s", task_id, case.name, case.reason)
    for warning in case.warnings:
        logger.warning("task %s: %s: %s", task_id, case.name, warning.message)
    hidden = tuple(warning.model_copy(update={"message": KEPT_HERE}) for warning in case.warnings)
    reason = None if case.reason is None else f"{(case.reason_code or 'skipped').replace('_', ' ')}: {KEPT_HERE}"
    return case.model_copy(update={"reason": reason, "warnings": hidden})


def _resolved(manifest: DatasetManifest, known: dict[str, str]) -> DatasetManifest:
    cases = tuple(
        case.model_copy(
            update={
                "name": known.get(case.name, case.name),
                "image": known.get(case.image, case.image),
                "mask": known.get(case.mask, case.mask),
                "mask_parts": {name: known.get(part, part) for name, part in case.mask_parts.items()},
            }
        )
        for case in manifest.cases
    )
    return manifest.model_copy(update={"cases": cases})
