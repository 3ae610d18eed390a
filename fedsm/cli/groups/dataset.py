"""`fedsm dataset`."""

from fedsm.cli.calls import add_calls
from fedsm.cli.calls_of_data import DATASET_CALLS
from fedsm.cli.dataset import dataset_app as group

add_calls(group, DATASET_CALLS)
