"""`fedsm experiment`."""

from fedsm.cli.calls import add_calls
from fedsm.cli.calls_of_runs import EXPERIMENT_CALLS
from fedsm.cli.experiment import experiment_app as group

add_calls(group, EXPERIMENT_CALLS)
