"""What REST can do, the command line can do: every operation of the OpenAPI document, but for a few with a reason."""

from typing import Any

import pytest

from fedsm.cli.app import app
from fedsm.cli.call import Call
from fedsm.cli.calls_of_data import DATASET_CALLS, FEDERATION_CALLS, SITE_CALLS
from fedsm.cli.calls_of_registry import REGISTRY_CALLS
from fedsm.cli.calls_of_runs import EXPERIMENT_CALLS, MODEL_CALLS, RUN_CALLS
from fedsm.cli.calls_of_system import SYSTEM_CALLS, TOKEN_CALLS
from fedsm.cli.calls_of_users import USER_CALLS
from fedsm.cli.later import all_commands
from tests.backend.document import openapi_document

TABLES: dict[str, tuple[Call, ...]] = {
    "dataset": DATASET_CALLS,
    "experiment": EXPERIMENT_CALLS,
    "federation": FEDERATION_CALLS,
    "model": MODEL_CALLS + REGISTRY_CALLS,
    "run": RUN_CALLS,
    "site": SITE_CALLS,
    "": SYSTEM_CALLS,
    "token": TOKEN_CALLS,
    "user": USER_CALLS,
}
#: Operations of commands that are more than one call.
COMMANDS = {
    "verify_audit": "audit verify",
    "download_audit": "audit export",
    "create_federation": "federation create",
    "start_prediction_batch": "predict",
    "list_federations": "federation list",
    "get_federation_statistics": "federation statistics",
    "get_federation_leakage": "federation leakage",
    "list_alike": "federation alike",
    "decide_alike": "federation decide",
    "create_site": "site add",
    "invite_site": "site invite",
    "accept_site": "site accept",
    "join": "site join",
    "create_dataset": "dataset add",
    "confirm_dataset": "dataset confirm",
    "check_dataset": "dataset recheck",
    "list_experiments": "experiment list",
    "create_experiment": "experiment create",
    "check_experiment": "experiment check",
    "plan_sweep": "experiment create",
    "start_dry_run": "experiment dry-run",
    "get_dry_run": "experiment dry-run",
    "cancel_dry_run": "experiment dry-run",
    "list_experiment_templates": "experiment templates",
    "list_method_presets": "experiment presets",
    "get_experiment": "experiment show",
    "update_experiment": "experiment rename",
    "delete_experiment": "experiment delete",
    "cancel_experiment": "experiment cancel",
    "resume_experiment": "experiment resume",
    "stream_experiment_events": "experiment watch",
    "download_experiment_file": "experiment export",
    "get_experiment_results": "experiment results",
    "download_results_csv": "experiment results",
    "download_cases_csv": "experiment results",
    "download_results_json": "experiment results",
    "download_results_latex": "experiment results",
    "download_shown_csv": "experiment results",
    "download_shown_table": "experiment results",
    "compare_methods": "experiment compare",
    "get_experiment_verdict": "experiment results",
    "add_runs": "experiment add",
    "get_experiment_gap": "experiment gap",
    "download_gap_csv": "experiment gap",
    "download_gap_latex": "experiment gap",
    "compare_runs": "run compare",
    "get_run": "run show",
    "pause_run": "run pause",
    "resume_run": "run resume",
    "finish_run": "run finish",
    "cancel_run": "run cancel",
    "rerun_task": "run rerun",
    "preview_extension": "run extend",
    "extend_run": "run extend",
    "list_run_events": "run log",
    "download_log": "run log",
    "get_run_matrix": "run matrix",
    "get_run_selector": "run selector",
    "predict_image": "predict",
    "get_prediction": "predict",
    "export_model": "model export",
    "get_export": "model export",
    "import_model": "model import",
    "download_model": "model download",
    "test_model": "model test",
    "register_model": "model register",
    "add_site_to_model": "model add-site",
    "fine_tune_model": "model fine-tune",
    "train_student": "model student",
    "list_students": "model students",
    "list_registered_models": "model registered",
    "compare_versions": "model diff",
    "sweep_storage": "storage sweep",
    "scrub_storage": "storage scrub",
    "withdraw_sent": "storage withdraw",
    "get_departures": "storage departures",
    "create_report": "report create",
    "list_reports": "report list",
    "revoke_report": "report revoke",
    "download_shared_report": "report pdf",
    "invite_member": "user invite",
    "set_member": "user role",
}
#: Not for a command, and why.
WITHOUT = {
    "create_session": "signs a browser in; a command sends its token with each call",
    "delete_session": "signs a browser out",
    "sign_out_everywhere": "ends the sign-ins of browsers; a token may not, and a command has nothing else",
    "change_password": "a token may not change the password of its user",
    "get_second_factor": "of the sign-in at a browser; a token may not change it",
    "start_second_factor": "of the sign-in at a browser; a token may not change it",
    "confirm_second_factor": "of the sign-in at a browser; a token may not change it",
    "remove_second_factor": "of the sign-in at a browser; a token may not change it",
    "get_emails": "of the account at a browser; a token may not change it",
    "choose_emails": "of the account at a browser; a token may not change it",
    "get_sign_in_ways": "what the sign-in page shows",
    "start_single_sign_on": "signs a browser in",
    "finish_single_sign_on": "signs a browser in",
    "get_single_sign_on": "of the sign-in at a browser; a token may not change it",
    "connect_single_sign_on": "of the sign-in at a browser; a token may not change it",
    "disconnect_single_sign_on": "of the sign-in at a browser; a token may not change it",
    "look_at_invitation": "the page of an invitation's link, for whoever has no account yet",
    "accept_invitation": "the page of an invitation's link, for whoever has no account yet",
    "stream_events": "keeps a browser's pages fresh; `fedsm events` and `experiment watch` ask again",
    "get_shared_report": "the page of a report's link; `report pdf` saves it",
    "get_report_picture": "a picture on the page of a report's link; `report pdf` saves them all",
    "get_experiment_schema": "what the browser's form is made of; `experiment templates` prints whole files",
    "read_experiment_file": "commands read the file themselves, by the same function",
    "write_experiment_file": "writes the browser's draft; `experiment export` writes what was created",
    "get_live": "for whatever watches the server, without a token",
    "get_ready": "for whatever watches the server, without a token",
    "get_health": "for whatever watches the server, without a token",
    "get_latest_result": "of the first page; `experiment results` says it of each experiment",
    "get_storage": "`fedsm storage` prints it: the group's own name is the command",
}


def operations() -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Name to method, path and description, of what people call."""
    return {
        operation["operationId"]: (method.upper(), path, operation)
        for path, methods in openapi_document()["paths"].items()
        for method, operation in methods.items()
        if not path.startswith("/worker-api/")
    }


def test_every_operation_has_a_command_or_a_reason() -> None:
    of_tables = {call.operation for calls in TABLES.values() for call in calls}
    lacking = operations().keys() - of_tables - COMMANDS.keys() - WITHOUT.keys()
    assert lacking == set(), "add a command (fedsm/cli/calls_of_*.py), or a reason here"
    assert COMMANDS.keys() & WITHOUT.keys() == set()
    assert (of_tables | COMMANDS.keys() | WITHOUT.keys()) - operations().keys() == set(), "there is no such operation"


def test_every_named_command_is_there() -> None:
    named = {f"{group} {call.command}".strip() for group, calls in TABLES.items() for call in calls}
    assert (named | set(COMMANDS.values())) - all_commands(app).keys() == set()


@pytest.mark.parametrize(
    "call", [call for calls in TABLES.values() for call in calls], ids=lambda call: f"{call.operation}-{call.command}"
)
def test_a_call_is_the_operations_own(call: Call) -> None:
    """Method, path, query and body are those of the document, and what is printed is in the answer."""
    method, path, operation = operations()[call.operation]
    assert (call.method, f"/api/v1{call.path}") == (method, path)
    query = {entry["name"] for entry in operation.get("parameters", []) if entry["in"] == "query"}
    assert {o.sent_as or o.name for o in call.options if o.where == "query"} <= query
    sent = {o.sent_as or o.name for o in call.options if o.where == "body"}
    if sent:
        body = operation["requestBody"]["content"]["application/json"]["schema"]
        assert sent <= fields_of(body)
    answers = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
    content = answers[0].get("content", {}).get("application/json")
    if call.columns and content:
        schema = content["schema"].get("items", content["schema"])
        assert {column.partition(".")[0] for column in call.columns} <= fields_of(schema)
    assert call.columns or call.said or call.file


def fields_of(schema: dict[str, Any]) -> set[str]:
    name = schema["$ref"].rpartition("/")[2]
    return set(openapi_document()["components"]["schemas"][name]["properties"])
