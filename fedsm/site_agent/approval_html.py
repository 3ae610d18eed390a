"""The HTML of the approval page. Every value is escaped: names and reasons come from people elsewhere."""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from backend.contracts.consent import Consent
from fedsm.site_agent.sheet import Fact

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; color: #1a1b1e; }
section { border: 1px solid #adb5bd; border-radius: 8px; padding: 1rem 1.25rem; margin: 1.25rem 0; }
dl { display: grid; grid-template-columns: 11rem 1fr; gap: .25rem 1rem; margin: 0 0 1rem; }
dt { color: #495057; }
dd { margin: 0; overflow-wrap: anywhere; }
label { display: block; margin: .5rem 0; }
input, button { font: inherit; border: 1px solid #868e96; border-radius: 6px; padding: .4rem .75rem; }
input { width: 100%; box-sizing: border-box; }
button { margin: .5rem .75rem 0 0; cursor: pointer; }
button.yes { background: #1864ab; color: white; border-color: #1864ab; }
.decided { font-weight: 600; }
.decided.approved::before { content: "✓ "; }
.decided.refused::before { content: "✗ "; }
@media (prefers-color-scheme: dark) {
  body { background: #1a1b1e; color: #e9ecef; }
  dt { color: #adb5bd; }
  input, button { background: #2c2e33; color: inherit; }
}
"""


@dataclass(frozen=True)
class Shown:
    """A run's sheet, the hash that names it, and the decision that stands."""

    facts: tuple[Fact, ...]
    digest: str
    consent: Consent | None


@dataclass(frozen=True)
class Form:
    """guard: what each form sends back. name: who decided last, for the next decision."""

    guard: str
    name: str


def page(site: str, federation: str, shown: list[Shown], form: Form) -> str:
    """What waits for a decision comes first, in the order given."""
    sections = "".join(_section(one, form) for one in shown)
    empty = f"<p>No run of {escape(federation)} asks for this site's approval now.</p>"
    intro = (
        "<p>Nothing of a run is trained or tested here before it is approved. The decision is signed with this site's "
        "key and holds for exactly what stands below; whatever changes asks anew. What may leave is decided by "
        "policy.yaml, for every task.</p>"
    )
    return _document(site, f"<h1>Runs that ask {escape(site)}</h1>{intro}{sections or empty}")


def says(site: str, text: str) -> str:
    """One sentence in place of the list."""
    return _document(site, f"<h1>{escape(site)}</h1><p role='alert'>{escape(text)}</p>")


def _section(shown: Shown, form: Form) -> str:
    rows = "".join(f"<dt>{escape(fact.what)}</dt><dd>{escape(fact.said)}</dd>" for fact in shown.facts)
    return f"<section><dl>{rows}</dl>{_decided(shown.consent)}{_form(shown, form)}</section>"


def _decided(consent: Consent | None) -> str:
    if consent is None:
        return "<p class='decided'>Waits for your decision.</p>"
    who = consent.name or ("a rule of policy.yaml" if consent.by == "rule" else "")
    by = f" by {who}" if who else ""
    why = f": {consent.reason.rstrip('.')}" if consent.reason else ""
    said = f"{consent.decision.capitalize()} on {consent.decided_at:%Y-%m-%d %H:%M} UTC{by}{why}."
    return f"<p class='decided {consent.decision}'>{escape(said)}</p>"


def _form(shown: Shown, form: Form) -> str:
    decision = shown.consent.decision if shown.consent else None
    buttons: Iterable[str] = (
        f"<button class='{kind}' name='decision' value='{value}'>{word}</button>"
        for value, word, kind in (("approved", "Approve", "yes"), ("refused", "Refuse", "no"))
        if value != decision
    )
    return (
        "<form method='post' action='/decide'>"
        f"<input type='hidden' name='guard' value='{escape(form.guard)}'>"
        f"<input type='hidden' name='terms' value='{escape(shown.digest)}'>"
        "<label>Your name, which the hub keeps with the decision (may be left out)"
        f"<input name='name' maxlength='100' autocomplete='name' value='{escape(form.name)}'></label>"
        "<label>Reason of a refusal, which the researcher reads<input name='reason' maxlength='2000'></label>"
        f"{''.join(buttons)}</form>"
    )


def _document(site: str, body: str) -> str:
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>Approvals · {escape(site)}</title><style>{_STYLE}</style></head>"
        f"<body><main>{body}</main></body></html>"
    )
