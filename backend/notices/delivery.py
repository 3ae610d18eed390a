"""Gives one e-mail to the mail server, one JSON to the webhook. Both addresses are the operator's alone."""

import smtplib
import ssl
import time
from email.message import EmailMessage

import httpx

from backend.notices.messages import DELIVERY_HEADER, SIGNATURE_HEADER, signature_of
from backend.settings import Settings

TIMEOUT_SECONDS = 15.0


class NotDelivered(Exception):
    """Its text holds no address and no secret. It may go better the next time."""


def send_email(settings: Settings, mail: EmailMessage) -> None:
    """Raises NotDelivered."""
    try:
        with _mail_server(settings) as server:
            if settings.smtp_user:
                server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
            server.send_message(mail)
    except smtplib.SMTPResponseException as error:
        raise NotDelivered(f"the mail server refused it (code {error.smtp_code})") from error
    except smtplib.SMTPRecipientsRefused as error:
        codes = ", ".join(str(code) for code, _ in error.recipients.values())
        raise NotDelivered(f"the mail server refused the address (code {codes})") from error
    except (smtplib.SMTPException, OSError) as error:
        raise NotDelivered(f"the mail server cannot be used ({type(error).__name__})") from error


def _mail_server(settings: Settings) -> smtplib.SMTP:
    if settings.smtp_security == "tls":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(settings.smtp_host, settings.smtp_port, timeout=TIMEOUT_SECONDS, context=context)
    server = smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=TIMEOUT_SECONDS)
    if settings.smtp_security == "starttls":
        try:
            server.starttls(context=ssl.create_default_context())
        except BaseException:
            server.close()
            raise
    return server


def send_webhook(settings: Settings, delivery: str, body: bytes) -> None:
    """A redirect is not followed: it would lead to where the operator did not point. Raises NotDelivered."""
    seconds = int(time.time())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "FedSM-Studio",
        DELIVERY_HEADER: delivery,
        SIGNATURE_HEADER: signature_of(body, settings.webhook_secret.get_secret_value(), seconds),
    }
    try:
        answer = httpx.post(
            settings.webhook_url.get_secret_value(),
            content=body,
            headers=headers,
            timeout=TIMEOUT_SECONDS,
            follow_redirects=False,
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NotDelivered(f"the webhook's server cannot be reached ({type(error).__name__})") from error
    if not answer.is_success:
        raise NotDelivered(f"the webhook's server answered {answer.status_code}")
