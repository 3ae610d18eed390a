"""Masks by PyTorch alone: `python predict_torch.py IMAGE... --out DIR`. Apache-2.0."""

import sys
from functools import cache
from pathlib import Path
from typing import Any

import torch

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import portable  # type: ignore[import-not-found]  # noqa: E402 (it lies next to this file)


@cache
def program(name: Any) -> Any:
    return torch.export.load(HERE / f"{name}.pt2").module()


@torch.inference_mode()
def segment(image: Any, unit: Any, scan: Any, preparation: Any, model: Any) -> Any:
    of_sites = None
    if preparation["selector"] and model is None:
        images = torch.from_numpy(portable.selector_batch(unit))
        of_sites = program("selector")(images, torch.from_numpy(scan))[0][0].numpy()
    chosen = model or portable.chosen_model(of_sites, preparation)
    batch = portable.network_batch(image, preparation)
    probabilities = portable.probabilities_of(
        lambda images: program(chosen)(torch.from_numpy(images)).numpy(), batch, preparation
    )
    return portable.from_batch(probabilities, preparation), chosen, of_sites


if __name__ == "__main__":
    portable.main(segment, HERE)
