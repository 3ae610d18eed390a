"""One-call commands on registered models: calls.py says how they behave."""

from fedsm.cli.call import Call, Option

_MODEL = {"model_id": "The model's name, as `fedsm model registered` prints it, or its id."}
_VERSION = {"version_id": "name:number, name@alias, or the id of a version."}

REGISTRY_CALLS = (
    Call(
        "versions",
        "get_registered_model",
        "GET",
        "/registered-models/{model_id}",
        "One registered model. --json holds its versions.",
        _MODEL,
        columns=("name", "aliases", "created_at", "created_by"),
    ),
    Call(
        "card",
        "get_model_version",
        "GET",
        "/model-versions/{version_id}",
        "A registered version's card: what the run knows, around what people say.",
        _VERSION,
        said="{card}",
    ),
    Call(
        "note",
        "update_model_version",
        "PATCH",
        "/model-versions/{version_id}",
        "Write what you say about a version, in place of what is there.",
        _VERSION,
        (Option("notes", "The text (Markdown); empty removes it.", where="body", argument=True),),
        said="the notes of {reference} are written",
    ),
    Call(
        "alias",
        "move_alias",
        "POST",
        "/registered-models/{model_id}/aliases",
        "Let an alias, as best or 'in use', point to a version.",
        _MODEL,
        (
            Option("alias", "The word; it is made where it is new.", where="body", argument=True),
            Option("version", "The version's number.", int, where="body", argument=True),
        ),
        said="{name}@{alias} is {name}:{version}",
    ),
    Call(
        "unalias",
        "remove_alias",
        "DELETE",
        "/registered-models/{model_id}/aliases/{alias}",
        "Remove an alias; the version stays.",
        _MODEL | {"alias": "The word."},
        said="the alias {alias} is removed",
    ),
    Call(
        "save",
        "download_model_version",
        "GET",
        "/model-versions/{version_id}/model.zip",
        "Save a version's models with card and signature as a ZIP.",
        _VERSION,
        file=True,
    ),
    Call(
        "unregister",
        "delete_model_version",
        "DELETE",
        "/model-versions/{version_id}",
        "Remove a version to which no alias points; asks first.",
        _VERSION,
        ask="Remove the version {version_id}? Its number is not given again.",
        said="the version {version_id} is removed",
    ),
    Call(
        "forget-name",
        "delete_registered_model",
        "DELETE",
        "/registered-models/{model_id}",
        "Remove a name that has no version; asks first.",
        _MODEL,
        ask="Remove the name {model_id}?",
        said="the name {model_id} is removed",
    ),
)
