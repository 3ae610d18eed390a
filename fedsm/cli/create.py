"""`fedsm federation create`, `fedsm site add` and `fedsm site policy`."""

from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from pydantic import BaseModel, ValidationError

from backend.contracts.datasets import SitePolicy
from backend.contracts.task_definition import SegmentationTask
from backend.sites.schemas import SiteCreate, SiteUpdate
from fedsm.cli.calls import find_site
from fedsm.cli.dataset import task_of
from fedsm.cli.own_policy import print_own_policy
from fedsm.cli.shared import (
    EXIT_WRONG_INPUT,
    HomeOption,
    JsonOption,
    ServerOption,
    TokenOption,
    api,
    fail,
    find_federation,
)
from fedsm.cli.watch import print_json

Body = TypeVar("Body", bound=BaseModel)
ALL_METHODS = "all"


def create_federation(
    name: Annotated[str, typer.Argument(help="At most 80 characters.")],
    structure: Annotated[
        list[str] | None,
        typer.Option(help='A structure and its mask labels, as "optic disc=1,2"; repeat for each, in order.'),
    ] = None,
    task: Annotated[Path | None, typer.Option(help="YAML or JSON of the task, in place of the other options.")] = None,
    channels: Annotated[int, typer.Option(help="Image channels: 1 for grey, 3 for RGB.")] = 3,
    dimensions: Annotated[int, typer.Option(help="2 for pictures, 3 for volumes.")] = 2,
    modality: Annotated[str, typer.Option(help="Imaging modality.")] = "fundus photography",
    description: Annotated[str, typer.Option(help="What the federation is for.")] = "",
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Create a federation: a name and the task that its sites share."""
    if (task is None) == (not structure):
        fail("say what is segmented: with --structure for each structure, or with --task", EXIT_WRONG_INPUT)
    wanted = task_of(task, structure or [], channels, dimensions)
    if task is None:
        wanted = _validated(SegmentationTask, wanted.model_dump() | {"modality": modality})
    with api(home, server, token) as client:
        made = client.create_federation(name, description, wanted)
    if as_json:
        print_json(made.model_dump(mode="json"))
    else:
        typer.echo(f"{made.name} is created (id {made.id}); add its sites with `fedsm site add NAME`")


def add_site(
    name: Annotated[str, typer.Argument(help="The site's name, at most 80 characters.")],
    slug: Annotated[str | None, typer.Option(help="Its short name; made from the name when left out.")] = None,
    kind: Annotated[
        str, typer.Option(help="simulated: served by the central workers; real: by its own.")
    ] = "simulated",
    description: Annotated[str, typer.Option(help="What stands on its page.")] = "",
    contact: Annotated[str, typer.Option(help="Whom to ask about its data.")] = "",
    federation: Annotated[str | None, typer.Option(help="Name or id of the federation.")] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Add a site to a federation. A real one's worker serves the queue that is printed."""
    values = {"name": name, "slug": slug, "kind": kind, "description": description, "contact": contact}
    body = _validated(SiteCreate, values)
    with api(home, server, token) as client:
        made = client.create_site(find_federation(client, federation).id, body)
    if as_json:
        print_json(made.model_dump(mode="json"))
    else:
        typer.echo(f"{made.name} is added as {made.slug} (id {made.id}, queue {made.queue})")


def set_policy(
    site: Annotated[
        str | None, typer.Argument(help="The site's short name or id, at the hub; left out at a hospital: its own.")
    ] = None,
    thumbnails: Annotated[bool | None, typer.Option(help="Small pictures of cases may leave.")] = None,
    images: Annotated[bool | None, typer.Option(help="Images and references of test cases may leave.")] = None,
    predictions: Annotated[bool | None, typer.Option(help="Predicted masks of test cases may leave.")] = None,
    hashes: Annotated[bool | None, typer.Option(help="Hashes of images may leave, to find leakage.")] = None,
    minimum_count: Annotated[int | None, typer.Option(help="No number of cases below it is stated.")] = None,
    method: Annotated[
        list[str] | None, typer.Option(help="A method that may train there; repeat for each. `all` for every one.")
    ] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Change what may run at a site and what may leave it; what is not named stays. Without options: print it.

    Without a site, at a hospital: print what the hospital's own policy file allows, whatever the hub asks. A running
    agent reads the file anew for every task. The exit code is 2 where it cannot be understood."""
    if site is None:
        print_own_policy(as_json, home)
        return
    given = {"thumbnails": thumbnails, "images": images, "predictions": predictions, "hashes": hashes}
    change: dict[str, Any] = {f"may_send_{name}": value for name, value in given.items() if value is not None}
    if minimum_count is not None:
        change["minimum_count"] = minimum_count
    if method:
        change["allowed_strategies"] = None if method == [ALL_METHODS] else method
    with api(home, server, token) as client:
        site_id = find_site(client, site)
        record = next(s for f in client.federations() for s in f.sites if s.id == site_id)
        if change:
            policy = _validated(SitePolicy, record.policy.model_dump() | change)
            record = client.update_site(site_id, SiteUpdate(policy=policy))
    if as_json:
        print_json(record.policy.model_dump(mode="json"))
        return
    for name, value in record.policy.model_dump().items():
        typer.echo(f"{name.replace('_', ' ')}: {_in_words(value)}")


def _in_words(value: object) -> str:
    if value is None:
        return ALL_METHODS
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _validated(kind: type[Body], values: dict[str, Any]) -> Body:
    """Ends the command where a value is wrong, naming each."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, p['loc']))} = {p['input']}: {p['msg']}" for p in error.errors()]
        fail("\n".join(lines), EXIT_WRONG_INPUT)
