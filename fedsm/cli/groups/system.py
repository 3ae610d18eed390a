"""Commands of no group that are one call each."""

from fedsm.cli.calls import function_of
from fedsm.cli.calls_of_system import SYSTEM_CALLS

whoami, system, events, events_csv, artifact = map(function_of, SYSTEM_CALLS)
