"""Standing approvals: rules of a hospital's policy file by which the agent consents by itself."""

from datetime import UTC, datetime

from backend.contracts.tasks import RunSpec
from fedsm.site_agent.policy import HospitalPolicy, StandingApproval


def rule_for(policy: HospitalPolicy, federation: str, run: RunSpec) -> int | None:
    """The number of the first rule that approves the run, counted from 1; None where a person must decide."""
    for number, rule in enumerate(policy.standing_approvals, start=1):
        if _approves(rule, federation, run):
            return number
    return None


def _approves(rule: StandingApproval, federation: str, run: RunSpec) -> bool:
    return (
        (rule.strategies is None or all(method.name in rule.strategies for method in run.methods))
        and (rule.federations is None or federation in rule.federations)
        and (rule.maximum_rounds is None or run.config.schedule.rounds <= rule.maximum_rounds)
        and (rule.minimum_sites is None or len(run.sites) >= rule.minimum_sites)
        and (rule.until is None or datetime.now(UTC).date() <= rule.until)
    )
