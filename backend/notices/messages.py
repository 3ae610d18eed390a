"""What an e-mail and a webhook say of a run that has ended. Equal rows give equal bytes at each try."""

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import quote

from backend.contracts.values import one_line

SIGNATURE_HEADER = "X-FedSM-Signature"
DELIVERY_HEADER = "X-FedSM-Delivery"
_ENDS = {"completed": "is finished", "failed": "has failed"}


@dataclass(frozen=True)
class RunEnd:
    """delivery: the same at each try, so that a receiver knows what it has already. address: of the platform."""

    delivery: str
    status: str
    message: str
    at: datetime
    run_id: str
    strategy_label: str
    seed: int
    experiment_id: str
    experiment_name: str
    federation_id: str
    federation_name: str
    created_by: str
    address: str

    @property
    def url(self) -> str:
        """Of the run's page."""
        return f"{self.address}/experiments/{self.experiment_id}?run={quote(json.dumps(self.run_id))}"

    @property
    def title(self) -> str:
        return f"{self.strategy_label}, seed {self.seed} {_ENDS[self.status]}"


def email_of(end: RunEnd, sender: str, recipient: str) -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = one_line(f"{end.title} ({end.experiment_name})", 200)
    mail["From"], mail["To"] = sender, recipient
    mail["Date"] = format_datetime(end.at)
    mail["Message-ID"] = f"<{end.delivery}@fedsm-studio>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday's answer comes back
    mail.set_content(
        f"{end.message}\n\n"
        f"Experiment: {end.experiment_name}\n"
        f"Federation: {end.federation_name}\n"
        f"{end.url}\n\n"
        "You get this e-mail because the experiment is yours and you chose e-mails in the menu under your name, where "
        "you can end them.\n"
    )
    return mail


def body_of(end: RunEnd) -> bytes:
    """JSON, in UTF-8."""
    said = {
        "id": end.delivery,
        "event": "run_ended",
        "status": end.status,
        "at": end.at.isoformat(),
        "message": end.message,
        "url": end.url,
        "run": {"id": end.run_id, "strategy_label": end.strategy_label, "seed": end.seed},
        "experiment": {"id": end.experiment_id, "name": end.experiment_name, "created_by": end.created_by},
        "federation": {"id": end.federation_id, "name": end.federation_name},
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def signature_of(body: bytes, secret: str, seconds: int) -> str:
    """`t=SECONDS,v1=HEX`: HMAC-SHA256 of `SECONDS.BODY`; the time lets a receiver refuse an old one."""
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"
