"""One experiment as a backend really writes it: played through the worker API, to be copied a thousand times."""

from dataclasses import dataclass

from tests.backend.played_worker import PlayedWorker
from tests.backend.reached_backend import ReachedBackend

TASK = {"modality": "fundus photography", "structures": [{"name": "disc", "label_values": [1]}]}
NUM_SITES = 4
#: At each site, of which two are for training and one for validation.
NUM_TEST_CASES = 12
STRATEGIES = [{"name": "fedsm", "selector": {"name": "lda", "minimum_cases": 2}}, {"name": "fedavg"}]


@dataclass(frozen=True)
class Template:
    federation_id: str
    experiment_id: str
    run_ids: list[str]
    dataset_id: str
    site_id: str


def play_template(backend: ReachedBackend, worker: PlayedWorker, num_rounds: int) -> Template:
    """A federation of four sites with one completed experiment: FedSM and FedAvg."""
    worker.num_test_cases = NUM_TEST_CASES
    federation = backend.post("/federations", {"name": "Load", "task": TASK})
    for name in "abcd"[:NUM_SITES]:
        site = backend.post(f"/federations/{federation['id']}/sites", {"name": name})
        dataset = backend.post(f"/sites/{site['id']}/datasets", {"name": "Fundus", "folder": f"/data/{name}"})
    worker.work_until_idle()
    config = {"schedule": {"rounds": num_rounds}, "strategies": STRATEGIES}
    created = backend.post(
        f"/federations/{federation['id']}/experiments", {"name": "The one that is copied", "config": config}
    )
    backend.post(f"/experiments/{created['id']}/start")
    worker.work_until_idle()
    experiment = backend.get(f"/experiments/{created['id']}")
    if experiment["status"] != "completed":
        raise RuntimeError(f"the experiment to be copied is {experiment['status']}, not completed")
    return Template(
        federation["id"], experiment["id"], [run["id"] for run in experiment["runs"]], dataset["id"], site["id"]
    )
