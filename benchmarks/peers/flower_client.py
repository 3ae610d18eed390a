"""What Flower runs at each site: trains the model that came, and validates the one that was averaged.

A module of its own, which the simulation's processes import."""

from functools import cache
from pathlib import Path
from typing import Any

import torch
from flwr.app import ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp

from benchmarks.plain_loop import make_network, read_site, train, validate

client_app = ClientApp()


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
