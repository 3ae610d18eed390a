"""What FLARE runs at each site: validates the model that came, trains it, and sends it back.

`SITES BATCH_SIZE NOTES`: where the images are, and the folder in which each site notes the ends of its rounds."""

import json
import sys
import time
from pathlib import Path

import nvflare.client as flare
import torch

from benchmarks.plain_loop import make_network, read_site, train, validate

SITES, BATCH_SIZE, NOTES = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])


def main() -> None:
    torch.set_num_threads(1)
    flare.init()
    name = flare.get_site_name()
    folder = sorted(SITES.iterdir())[int(name.rpartition("-")[2]) - 1]
    images, references = read_site(folder)
    network = make_network()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, fused=True)
    while flare.is_running():
        model = flare.receive()
        if model is None:
            return
        network.load_state_dict({key: torch.as_tensor(value) for key, value in model.params.items()})
        dice = validate(network, images, references)
        train(network, optimizer, images, references, BATCH_SIZE)
        state = {key: value.detach().cpu() for key, value in network.state_dict().items()}
        with (NOTES / name).open("a") as file:
            file.write(json.dumps({"round": model.current_round, "at": time.time(), "dice": dice}) + "\n")
        flare.send(flare.FLModel(params=state, metrics={"dice": dice}))


if __name__ == "__main__":
    main()
