"""One-call commands on tokens and the platform itself: calls.py says how they behave."""

from fedsm.cli.call import Call, Option

_EVENT_FILTERS = (
    Option("federation", "Id of a federation.", sent_as="federation_id"),
    Option("experiment", "Id of an experiment.", sent_as="experiment_id"),
    Option("run", "Id of a run.", sent_as="run_id"),
    Option("site", "A site's short name.", sent_as="site_slug"),
    Option("actor", "Who: a user, a worker, or `backend`."),
    Option("level", "`warning` (errors too) or `error`."),
    Option("text", "Words that the message holds, in any case."),
)

TOKEN_CALLS = (
    Call(
        "list",
        "list_tokens",
        "GET",
        "/tokens",
        "Your access tokens.",
        {},
        columns=("id", "name", "hint", "scope", "created_at", "expires_at", "last_used_at"),
    ),
    Call(
        "create",
        "create_token",
        "POST",
        "/tokens",
        "Make an access token, as for a script; it is shown this once.",
        {},
        (
            Option("name", "What it is for.", where="body", argument=True),
            Option("days", "How long it is valid; left out: 90.", int, "body"),
            Option("scope", "`all` that you may, or `read`; left out: all.", str, "body"),
        ),
        said="{token}",
    ),
    Call(
        "revoke",
        "revoke_token",
        "DELETE",
        "/tokens/{token_id}",
        "Make an access token stop working.",
        {"token_id": "The token's id, as `fedsm token list` prints it."},
        said="the token no longer works",
    ),
)

SYSTEM_CALLS = (
    Call(
        "whoami",
        "get_session",
        "GET",
        "/session",
        "Who you are by your token, and what you may do.",
        {},
        columns=("user", "is_administrator", "scope", "permissions", "federations"),
    ),
    Call(
        "system",
        "get_system",
        "GET",
        "/system",
        "The platform's version, database, broker, disks and workers.",
        {},
        columns=("version", "database", "broker_connected", "disks", "workers"),
    ),
    Call(
        "events",
        "list_events",
        "GET",
        "/events",
        "What happened, the latest first.",
        {},
        (*_EVENT_FILTERS, Option("limit", "At most this many; left out: 200.", int)),
        columns=("at", "level", "actor", "message"),
    ),
    Call(
        "events-csv",
        "download_events",
        "GET",
        "/events.csv",
        "Save what happened as CSV.",
        {},
        _EVENT_FILTERS,
        file=True,
    ),
    Call(
        "artifact",
        "get_artifact",
        "GET",
        "/artifacts/{sha256}",
        "Save a file that an answer names by its SHA-256: an image, a mask, a model.",
        {"sha256": "Its SHA-256."},
        file=True,
    ),
)
