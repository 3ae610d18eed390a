"""Flower's simulation of the work of `benchmarks.plain_loop`. Run by `benchmarks.peers` in Flower's environment.

`python flower_job.py SITES ROUNDS BATCH_SIZE CORES NUM_SITES FOLDER` prints one line of JSON at its end.
"""

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

import torch
from flwr.app import ArrayRecord, ConfigRecord, Context
from flwr.serverapp import Grid, ServerApp
from flwr.serverapp.strategy import FedAvg
from flwr.simulation import run_simulation

from benchmarks.peers.flower_client import client_app
from benchmarks.plain_loop import make_network

SITES = Path(sys.argv[1])
ROUNDS, BATCH_SIZE, CORES, NUM_SITES = (int(word) for word in sys.argv[2:6])

server_app = ServerApp()
ended: list[float] = []
found: dict[str, float] = {}


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
