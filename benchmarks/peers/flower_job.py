"""Flower's simulation of the work of `benchmarks.plain_loop`. Run by `benchmarks.peers` in Flower's environment.

`python flower_job.py SITES ROUNDS BATCH_SIZE CORES NUM_SITES FOLDER` prints one line of JSON at its end.
"""

import json
import sys
import time
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from flwr.app import ArrayRecord, ConfigRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.serverapp import Grid, ServerApp
from flwr.serverapp.strategy import FedAvg
from flwr.simulation import run_simulation

from benchmarks.plain_loop import make_network, read_site, train, validate

SITES = Path(sys.argv[1])
ROUNDS, BATCH_SIZE, CORES, NUM_SITES = (int(word) for word in sys.argv[2:6])

client_app = ClientApp()
server_app = ServerApp()
ended: list[float] = []
found: dict[str, float] = {}


@cache
def images_of(folder: Path) -> Any:
    """Once a process, as a careful person would do."""
    torch.set_num_threads(1)
    return read_site(folder)


def folder_of(message: Message, context: Context) -> Path:
    sites = sorted(Path(str(message.content["config"]["sites"])).iterdir())
    return sites[int(context.node_config["partition-id"])]


@client_app.train()
def train_one(message: Message, context: Context) -> Message:
    images, references = images_of(folder_of(message, context))
    network = make_network()
    network.load_state_dict(message.content["arrays"].to_torch_state_dict())
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, fused=True)
    train(network, optimizer, images, references, int(message.content["config"]["batch_size"]))
    metrics = MetricRecord({"num-examples": len(images)})
    answer = RecordDict({"arrays": ArrayRecord(network.state_dict()), "metrics": metrics})
    return Message(content=answer, reply_to=message)


@client_app.evaluate()
def evaluate_one(message: Message, context: Context) -> Message:
    images, references = images_of(folder_of(message, context))
    network = make_network()
    network.load_state_dict(message.content["arrays"].to_torch_state_dict())
    metrics = MetricRecord({"dice": validate(network, images, references), "num-examples": len(images)})
    return Message(content=RecordDict({"metrics": metrics}), reply_to=message)


@server_app.main()
def serve(grid: Grid, context: Context) -> None:
    del context

    def note(server_round: int, arrays: ArrayRecord) -> None:
        """Called before the first round and after each."""
        del server_round, arrays
        ended.append(time.perf_counter())

    config = ConfigRecord({"sites": str(SITES), "batch_size": BATCH_SIZE})
    everybody = {"min_train_nodes": NUM_SITES, "min_evaluate_nodes": NUM_SITES, "min_available_nodes": NUM_SITES}
    torch.manual_seed(0)
    result = FedAvg(fraction_train=1.0, fraction_evaluate=1.0, **everybody).start(
        grid=grid,
        initial_arrays=ArrayRecord(make_network().state_dict()),
        num_rounds=ROUNDS,
        train_config=config,
        evaluate_config=config,
        evaluate_fn=note,
    )
    found["dice"] = float(result.evaluate_metrics_clientapp[ROUNDS]["dice"])


if __name__ == "__main__":
    started = time.perf_counter()
    resources = {"client_resources": {"num_cpus": 1, "num_gpus": 0.0}, "init_args": {"num_cpus": CORES}}
    run_simulation(server_app, client_app, num_supernodes=NUM_SITES, backend_config=resources)
    later = (ended[-1] - ended[1]) / (ROUNDS - 1)
    figures = {"version": version("flwr"), "seconds": ended[-1] - started, "warm_seconds": ROUNDS * later}
    print(json.dumps(figures | {"dice": found["dice"]}))
