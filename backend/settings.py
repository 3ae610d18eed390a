"""Every environment variable of the backend."""

import ipaddress
import json
import os
import secrets
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from backend.access.duty import Duty
from backend.access.group_roles import GroupRole
from backend.contracts.file_settings import SettingsOrFiles

MINIMUM_TOKEN_LENGTH = 24


def built_frontend() -> Path:
    """Wheels and images carry the pages next to the code; a checkout builds them in frontend/dist."""
    package = Path(__file__).resolve().parent
    carried = package / "built_frontend"
    return carried if carried.is_dir() else package.parent / "frontend" / "dist"


class Settings(SettingsOrFiles):
    """Where the state lives, where to listen, and who may come in. Secrets are never printed."""

    model_config = SettingsConfigDict(
        env_prefix="FEDSM_",
        populate_by_name=True,
        extra="ignore",
        hide_input_in_errors=True,  # the input holds tokens
    )

    home: Path = Field(default=Path(".fedsm"), description="State folder: database, artifacts, token files.")
    database_url: str = Field(default="", description="SQLite or PostgreSQL; empty: SQLite in the state folder.")
    redis_url: str = Field(default="redis://127.0.0.1:6379/0", validation_alias="REDIS_URL")
    admin_token: SecretStr = Field(default=SecretStr(""), description="Signs in the administrator.")
    worker_token: SecretStr = Field(default=SecretStr(""), description="Lets workers call the worker API.")
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8000, ge=0, le=65535)
    public_url: str = Field(
        default="", description="The address under which hospitals reach the hub, if it is another; may have a path."
    )
    lease_seconds: float = Field(default=30, gt=0, description="A claim is lost when no report comes for this long.")
    recovery_seconds: float = Field(default=5, gt=0, description="Period of the recovery loop.")
    resend_seconds: float = Field(default=20, gt=0, description="A task queued for longer is sent again.")
    worker_timeout_seconds: float = Field(default=15, gt=0, description="A worker silent for longer is offline.")
    max_body_mib: float = Field(default=2, gt=0, le=1024, description="Largest body of a request, in MiB.")
    max_result_mib: float = Field(default=32, gt=0, le=1024, description="Largest result of a task, in MiB.")
    max_artifact_mib: float = Field(default=16384, gt=0, description="Largest artifact of a worker, in MiB.")
    body_seconds: float = Field(
        default=60, gt=0, description="A body must arrive within this time; an upload may pause for this time."
    )
    event_days: int = Field(
        default=365, ge=1, le=36_500, description="How long lines of logs, tasks and measurements stay in Activity."
    )
    audit_days: int = Field(
        default=3650, ge=1, le=36_500, description="How long what people did, warnings and errors stay in Activity."
    )
    session_days: int = Field(default=30, ge=1, le=365, description="How long a sign-in lasts.")
    second_factor: Duty = Field(
        default="optional",
        description="Who must give a code of an app besides the password, and may do nothing until it is set up. "
        "Administrators can ask it of more people.",
    )
    oidc_issuer: str = Field(
        default="", description="The institution's OpenID Connect provider, as it names itself; empty: none."
    )
    oidc_client_id: str = Field(default="", description="Under which the provider knows this platform.")
    oidc_client_secret: SecretStr = Field(default=SecretStr(""), description="What the provider gave with it.")
    oidc_name: str = Field(default="your institution", description="The provider's name on the sign-in page.")
    oidc_scope: str = Field(
        default="openid profile email", description="What is asked of the provider; some need one more for groups."
    )
    oidc_groups_claim: str = Field(
        default="groups", description="The provider's claim with a person's groups; realm_access.roles is one inside."
    )
    oidc_roles: Annotated[tuple[GroupRole, ...], NoDecode] = Field(
        default=(),
        description='Which groups give which roles, as JSON: [{"group": "eyes", "role": "researcher", "federation": '
        '"Eyes"}]. A role of administrator has no federation, one of site_manager has sites.',
    )
    sweep_hours: float = Field(
        default=24, gt=0, description="How often files are looked through: unowned ones removed, damaged ones named."
    )
    frontend_dist: Path = Field(default_factory=built_frontend, description="The built frontend.")
    artifacts: Path | None = Field(default=None, description="Artifact folder; default: in the state folder.")
    s3_bucket: str = Field(
        default="", description="Bucket of an S3-compatible store that holds the artifacts; empty: the folder alone."
    )
    s3_url: str = Field(default="", description="Address of the S3-compatible server; empty: Amazon's.")
    s3_prefix: str = Field(default="", description="What the names of objects in the bucket begin with.")
    s3_region: str = Field(default="us-east-1", description="Region of the bucket.")
    s3_access_key: SecretStr = Field(default=SecretStr(""), description="Of an account that may write the bucket.")
    s3_secret_key: SecretStr = Field(default=SecretStr(""), description="What belongs to s3_access_key.")
    s3_cache_mib: int = Field(
        default=20480, ge=1, description="How much of the bucket the artifact folder keeps for quick reading, in MiB."
    )
    smtp_host: str = Field(default="", description="Mail server that e-mails go through; empty: none are sent.")
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="How the mail server is spoken to; none sends no password."
    )
    smtp_user: str = Field(default="", description="Account at the mail server; empty: it asks for none.")
    smtp_password: SecretStr = Field(default=SecretStr(""), description="Of that account.")
    smtp_from: str = Field(default="", description="The address that e-mails come from.")
    webhook_url: SecretStr = Field(
        default=SecretStr(""), description="Where each run's end is posted to as JSON; empty: nowhere."
    )
    webhook_secret: SecretStr = Field(
        default=SecretStr(""), description="Signs what is posted (HMAC-SHA256), so that the receiver knows the sender."
    )
    metrics_port: int = Field(default=0, ge=0, le=65535, description="Where Prometheus reads /metrics; 0: nowhere.")
    metrics_host: str = Field(default="127.0.0.1", description="Address to serve /metrics on; it asks for no token.")
    announce_sign_in: bool = Field(
        default=False,
        description="Say in the log where to sign in, with the token until an administrator has an account.",
    )

    @model_validator(mode="after")
    def _tokens_protect_an_open_port(self) -> Self:
        if is_loopback(self.host):
            return self
        for name in ("admin_token", "worker_token"):
            token: SecretStr = getattr(self, name)
            if len(token.get_secret_value()) < MINIMUM_TOKEN_LENGTH:
                raise ValueError(
                    f"FEDSM_{name.upper()} must have at least {MINIMUM_TOKEN_LENGTH} characters when the backend "
                    f"listens on {self.host}: set a random one, or set FEDSM_HOST=127.0.0.1"
                )
        return self

    @model_validator(mode="after")
    def _tokens_differ(self) -> Self:
        admin = self.admin_token.get_secret_value()
        if admin and admin == self.worker_token.get_secret_value():
            raise ValueError("FEDSM_ADMIN_TOKEN and FEDSM_WORKER_TOKEN are the same: give workers a token of their own")
        return self

    @field_validator("oidc_roles", mode="before")
    @classmethod
    def _roles_are_json(cls, value: object) -> object:
        try:
            return json.loads(value) if isinstance(value, str) else value
        except ValueError:
            raise ValueError(
                "FEDSM_OIDC_ROLES is no JSON: give a list of objects with group, role, federation"
            ) from None

    @model_validator(mode="after")
    def _provider_is_whole(self) -> Self:
        if not self.oidc_issuer:
            return self
        parts = urlsplit(self.oidc_issuer)
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
            raise ValueError("FEDSM_OIDC_ISSUER must be an address with https, such as https://login.example.org")
        if not self.oidc_client_id or not self.oidc_client_secret.get_secret_value():
            raise ValueError("FEDSM_OIDC_ISSUER needs FEDSM_OIDC_CLIENT_ID and FEDSM_OIDC_CLIENT_SECRET next to it")
        return self

    @model_validator(mode="after")
    def _bucket_has_keys(self) -> Self:
        keys = (self.s3_access_key.get_secret_value(), self.s3_secret_key.get_secret_value())
        if self.s3_bucket and not all(keys):
            raise ValueError("FEDSM_S3_BUCKET needs FEDSM_S3_ACCESS_KEY and FEDSM_S3_SECRET_KEY next to it")
        return self

    @model_validator(mode="after")
    def _mail_is_whole(self) -> Self:
        if not self.smtp_host:
            return self
        if "@" not in self.smtp_from:
            raise ValueError("FEDSM_SMTP_HOST needs FEDSM_SMTP_FROM next to it: the address that e-mails come from")
        if self.smtp_user and self.smtp_security == "none" and not is_loopback(self.smtp_host):
            raise ValueError("FEDSM_SMTP_SECURITY=none would send the password unprotected: set starttls or tls")
        return self

    @model_validator(mode="after")
    def _webhook_is_signed(self) -> Self:
        url = self.webhook_url.get_secret_value()
        if not url:
            return self
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(
                "FEDSM_WEBHOOK_URL must be an address with https or http, such as https://example.org/hook"
            )
        if len(self.webhook_secret.get_secret_value()) < MINIMUM_TOKEN_LENGTH:
            raise ValueError(
                f"FEDSM_WEBHOOK_URL needs FEDSM_WEBHOOK_SECRET, of at least {MINIMUM_TOKEN_LENGTH} characters"
            )
        return self

    @field_validator("public_url")
    @classmethod
    def _public_url_is_an_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment):
            raise ValueError("FEDSM_PUBLIC_URL must be an address such as https://fedsm.example.org or one with a path")
        return url.rstrip("/")

    @property
    def address(self) -> str:
        """Where hospitals reach this hub."""
        if self.public_url:
            return self.public_url
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def effective_database_url(self) -> str:
        """The SQLAlchemy URL, with psycopg as the PostgreSQL driver."""
        if not self.database_url:
            return f"sqlite:///{self.home.resolve() / 'fedsm.sqlite3'}"
        for prefix in ("postgres://", "postgresql://"):
            if self.database_url.startswith(prefix):
                return "postgresql+psycopg://" + self.database_url.removeprefix(prefix)
        return self.database_url

    @property
    def rules_of_groups(self) -> tuple[GroupRole, ...]:
        """Those that hold: none without a provider, at which nobody signs in."""
        return self.oidc_roles if self.oidc_issuer else ()

    @property
    def artifacts_folder(self) -> Path:
        return self.artifacts or self.home / "artifacts"


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def load_settings() -> Settings:
    """The settings of this process; on loopback, missing tokens are made once and kept in the state folder."""
    settings = Settings()
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    missing = {
        name: SecretStr(_token_from_file(settings.home / name.replace("_", "-")))
        for name in ("admin_token", "worker_token")
        if not getattr(settings, name).get_secret_value()
    }
    return settings.model_copy(update=missing)


def _token_from_file(path: Path) -> str:
    """The token in a file of mode 600, made at the first start."""
    try:
        with open(path, "x", opener=_private_opener) as file:
            file.write(secrets.token_urlsafe(32))
    except FileExistsError:
        pass
    return path.read_text().strip()


def _private_opener(path: str, flags: int) -> int:

    return os.open(path, flags, 0o600)
