"""Importing this registers the owner of every kind of task, so that workers are served whatever they claim."""

from backend.datasets import tasks as datasets
from backend.dry_runs import tasks as dry_runs
from backend.exports import tasks as exports
from backend.ledger import round_tasks
from backend.predictions import tasks as predictions

OWNERS = (round_tasks, datasets, dry_runs, predictions, exports)
