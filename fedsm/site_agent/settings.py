"""The agent's own settings, from its environment."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from backend.contracts.link import MAX_WAIT_SECONDS


class AgentSettings(BaseSettings):
    """Every environment variable of the agent, besides those of the network."""

    model_config = SettingsConfigDict(env_prefix="FEDSM_", populate_by_name=True, extra="ignore", env_ignore_empty=True)

    redis_url: str = Field(default="", validation_alias="REDIS_URL", description="The hospital's own Valkey.")
    poll_seconds: float = Field(
        default=25.0, ge=1, le=MAX_WAIT_SECONDS, description="How long a poll may wait at the hub."
    )
    approval_port: int = Field(
        default=0, ge=0, le=65535, description="Of the approval page, on the loopback. 0: one that is free."
    )
