"""`fedsm run`."""

from fedsm.cli.calls import add_calls
from fedsm.cli.calls_of_runs import RUN_CALLS
from fedsm.cli.export_metrics import export_metrics
from fedsm.cli.extend import extend
from fedsm.cli.run import run_app as group

group.command()(extend)
group.command()(export_metrics)
add_calls(group, RUN_CALLS)
