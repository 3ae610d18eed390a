"""How often what is open, or dear, may be asked for: counted in this process, by the library `limits`."""

import math
import re
import time
from dataclasses import dataclass

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from backend.errors import TooManyRequests

#: Wrong tokens, passwords and codes from one address.
FAILURES = parse("10 per minute")
FAILURES_PER_HOUR = parse("100 per hour")
#: Requests from one address to the worker API whose signature is not one of a known site: each costs a question to the
#: database. They are no guesses, so they do not count among the failures.
UNKNOWN_SIGNATURES = parse("60 per minute")
#: How many seconds the count of failures in the activity goes back.
COUNTED_SECONDS = 3600


@dataclass(frozen=True)
class Rule:
    """How often an operation may be asked for.

    expression: `METHOD path`, as a regular expression; operation: the same, compiled. what: its name in the refusal.
    """

    expression: str
    operation: re.Pattern[str]
    limit: RateLimitItem
    what: str


def _rule(operation: str, limit: str, what: str) -> Rule:
    expression = re.sub(r"\{\w+\}", "[^/]+", operation) + "/?"
    return Rule(expression, re.compile(expression), parse(limit), what)


#: Of each sender: of a credential, or of an address where there is none.
RULES: tuple[Rule, ...] = (
    _rule("POST /api/v1/session", "60 per minute", "sign-ins"),
    _rule("POST /api/v1/session/single-sign-on(/finish)?", "30 per minute", "sign-ins"),
    _rule("POST /api/v1/join", "30 per minute", "requests to join"),
    _rule("POST /api/v1/invitations/(look|accept)", "30 per minute", "questions about invitations"),
    _rule("GET /api/v1/shared-reports/{token}", "120 per minute", "openings of reports"),
    _rule("GET /api/v1/shared-reports/{token}/pictures/{rank}", "240 per minute", "pictures of reports"),
    _rule("GET /api/v1/shared-reports/{token}/pdf", "20 per minute", "reports as PDF"),
    _rule("POST /api/v1/experiments/{id}/reports", "30 per minute", "reports"),
    _rule("POST /api/v1/runs/{id}/predictions", "60 per minute", "predictions"),
    _rule("POST /api/v1/runs/{id}/prediction-batches", "60 per minute", "batches of predictions"),
    _rule("POST /api/v1/federations/{id}/models", "20 per minute", "imports of models"),
    _rule("GET /api/v1/(runs|model-versions)/{id}/model.zip", "20 per minute", "downloads of models"),
    _rule("POST /api/v1/runs/{id}/exports", "30 per minute", "exports"),
    _rule("POST /api/v1/runs/{id}/students", "30 per minute", "students"),
    _rule("POST /api/v1/runs/{id}/tests", "30 per minute", "tests of models"),
    _rule("POST /api/v1/runs/{id}/versions", "60 per minute", "registrations of models"),
    _rule("POST /api/v1/runs/{id}/extend", "60 per minute", "runs with more rounds"),
    _rule("POST /api/v1/model-versions/{id}/(fine-tunings|site-additions)", "30 per minute", "models made from others"),
    _rule("POST /api/v1/federations/{id}/experiments(/sweep)?", "120 per minute", "experiments"),
    _rule("POST /api/v1/experiments/{id}/runs", "120 per minute", "runs"),
    _rule("POST /api/v1/federations/{id}/experiments/check", "300 per minute", "checks of experiments"),
    _rule("GET /api/v1/experiments/{id}/verdict", "240 per minute", "verdicts"),
    _rule("GET /api/v1/experiments/{id}/gap(.csv|.tex)?", "240 per minute", "gaps"),
    _rule("GET /api/v1/(experiments|model-versions)/{id}/comparison", "240 per minute", "comparisons"),
    _rule("GET /api/v1/federations/{id}/run-comparison", "240 per minute", "comparisons of runs"),
    _rule("GET /api/v1/federations/{id}/leakage", "240 per minute", "looks for images alike"),
    _rule("GET /api/v1/events.(csv|txt)", "30 per minute", "saved activities"),
    _rule("GET /api/v1/audit/verification", "60 per minute", "verifications of the record"),
    _rule("POST /api/v1/federations/{id}/dry-runs", "60 per minute", "dry runs"),
    _rule("POST /api/v1/storage/(sweep|scrub)", "20 per minute", "looks through the storage"),
    _rule("POST /api/v1/tokens", "20 per minute", "new tokens"),
    _rule("POST /api/v1/(federations/{id}/)?invitations", "60 per minute", "invitations"),
    _rule("PUT /api/v1/session/password", "10 per minute", "changes of a password"),
)
#: Every request is asked about, and few have a rule: one expression for all of them.
_ANY_RULE = re.compile("|".join(f"(?:{rule.expression})" for rule in RULES))


class Rates:
    """Of one backend process; a restart forgets them."""

    def __init__(self) -> None:
        self._storage = MemoryStorage()
        self._limiter = MovingWindowRateLimiter(self._storage)

    def has_rule(self, method: str, path: str) -> bool:
        return _ANY_RULE.fullmatch(f"{method} {path}") is not None

    def count(self, method: str, path: str, sender: str) -> None:
        """Raises TooManyRequests."""
        operation = f"{method} {path}"
        for rule in RULES:
            if rule.operation.fullmatch(operation) and not self._limiter.hit(rule.limit, rule.what, sender):
                raise self._refusal(rule.limit, (rule.what, sender), rule.what)

    def require_few_failures(self, address: str) -> None:
        """Before a secret is looked at. Raises TooManyRequests."""
        for limit in (FAILURES, FAILURES_PER_HOUR):
            if not self._limiter.test(limit, "failures", address):
                raise self._refusal(limit, ("failures", address), "failed sign-ins from this address")

    def require_few_unknown_signatures(self, address: str) -> None:
        """Before a signature is looked at. Raises TooManyRequests."""
        if not self._limiter.test(UNKNOWN_SIGNATURES, "unknown signatures", address):
            keys = ("unknown signatures", address)
            raise self._refusal(UNKNOWN_SIGNATURES, keys, "requests with a wrong signature from this address")

    def count_unknown_signature(self, address: str) -> None:
        self._limiter.hit(UNKNOWN_SIGNATURES, "unknown signatures", address)

    def count_failure(self, address: str) -> int:
        """How many there were from this address within the hour, with this one."""
        for limit in (FAILURES, FAILURES_PER_HOUR):
            self._limiter.hit(limit, "failures", address)
        return self._storage.incr(f"counted/{address}", COUNTED_SECONDS)

    def _refusal(self, limit: RateLimitItem, keys: tuple[str, str], what: str) -> TooManyRequests:
        reset = self._limiter.get_window_stats(limit, *keys).reset_time
        seconds = max(1, math.ceil(reset - time.time()))
        return TooManyRequests(
            f"there were too many {what}: at most {limit.amount} are taken in {_duration(limit)}. "
            f"Try again in {seconds} s.",
            seconds,
        )


def _duration(limit: RateLimitItem) -> str:
    seconds = limit.get_expiry()
    return "an hour" if seconds == 3600 else f"{seconds} s"
