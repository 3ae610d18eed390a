"""`fedsm federation`."""

from fedsm.cli.calls import add_calls
from fedsm.cli.calls_of_data import FEDERATION_CALLS
from fedsm.cli.create import create_federation
from fedsm.cli.federation import federation_app as group

group.command("create")(create_federation)
add_calls(group, FEDERATION_CALLS)
