"""The steps of a MONAI bundle of FedSM Studio that MONAI has no transform for: how images are read, resized with
antialiasing and back, and which model is chosen. Apache-2.0."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from monai.transforms.transform import MapTransform

from scripts import portable  # type: ignore[attr-defined]  # the bundle's own


class ReadPreparedd(MapTransform):
    """A path to the network's input [C, *space]; the file's own geometry goes with it as `image_place`."""

    def __init__(self, keys: Any, preparation: Any) -> None:
        super().__init__(keys)
        self.preparation = preparation

    def __call__(self, data: Any) -> Any:
        found = dict(data)
        for key in self.key_iterator(found):
            path = found[key]
            pixels, spacing, place = portable.read_image(path, self.preparation)
            image, unit, scan = portable.prepare(pixels, spacing, self.preparation)
            found |= {key: torch.from_numpy(image), f"{key}_unit": unit, f"{key}_scan": scan}
            found |= {f"{key}_place": place, f"{key}_path": str(path), f"{key}_space": pixels.shape[:-1]}
            found |= {f"{key}_chosen": self.preparation["models"][0]}
        return found


class ChooseModeld(MapTransform):
    """The selector's choice, which becomes one more channel of the input: everywhere the number of the model."""

    def __init__(self, keys: Any, selector: Any, preparation: Any) -> None:
        super().__init__(keys)
        self.selector, self.preparation = torch.export.load(selector).module(), preparation

    @torch.inference_mode()
    def __call__(self, data: Any) -> Any:
        found = dict(data)
        for key in self.key_iterator(found):
            images = torch.from_numpy(portable.selector_batch(found[f"{key}_unit"]))
            of_sites = self.selector(images, torch.from_numpy(found[f"{key}_scan"]))[0][0].numpy()
            chosen = portable.chosen_model(of_sites, self.preparation)
            index = self.preparation["models"].index(chosen)
            number = torch.full_like(found[key][:1], index)
            found |= {key: torch.cat([found[key], number]), f"{key}_chosen": chosen}
            found |= {f"{key}_site_probabilities": [float(value) for value in of_sites]}
        return found


class SaveMasksd(MapTransform):
    """Probabilities [S, *size] to one file a structure at the image's own size, and a line of JSON."""

    def __init__(self, keys: Any, output_dir: Any, preparation: Any) -> None:
        super().__init__(keys)
        self.output_dir, self.preparation = output_dir, preparation
        self.taken: set[str] = set()

    def __call__(self, data: Any) -> Any:
        for key in self.key_iterator(data):
            masks = portable.masks(np.asarray(data[key]), data["image_space"])
            stem, number = portable.stem_of(data["image_path"]), 2
            while stem in self.taken:
                stem, number = f"{portable.stem_of(data['image_path'])}-{number}", number + 1
            self.taken.add(stem)
            structures = self.preparation["structures"]
            written = portable.write_masks(masks, data["image_place"], self.output_dir, stem, structures)
            line = {"image": data["image_path"], "chosen": data["image_chosen"], "masks": [str(f) for f in written]}
            sys.stdout.write(json.dumps(line | {"site_probabilities": data.get("image_site_probabilities")}) + "\n")
            sys.stdout.flush()
        return data


class ExportedNetwork(torch.nn.Module):
    """A program of torch.export as a network: prepared images [B, C, *space] to probabilities [B, S, *space]."""

    def __init__(self, path: Any) -> None:
        super().__init__()
        self.program = [torch.export.load(path).module()]  # in a list, because a program has no training mode

    def forward(self, image: Any) -> Any:
        return self.program[0](image)


class SuperNetwork(torch.nn.Module):
    """The model whose number the last channel holds, for each image of a batch."""

    def __init__(self, paths: Any) -> None:
        super().__init__()
        self.networks = torch.nn.ModuleList(ExportedNetwork(path) for path in paths)

    def forward(self, image: Any) -> Any:
        # The largest: around an image that is smaller than a window lie zeros.
        numbers = image[:, -1].flatten(1).amax(dim=1).round().long().clamp(0, len(self.networks) - 1)
        rows = [self.networks[int(number)](row[None, :-1]) for number, row in zip(numbers, image, strict=True)]
        return torch.cat(rows)


@torch.inference_mode()
def predict_all(dataset: Any, network: Any, inferer: Any, postprocessing: Any) -> Any:
    """What `run` of the bundle does; MONAI's evaluators need one more package."""
    network.eval()
    device = next((tensor.device for tensor in network.parameters()), torch.device("cpu"))
    for item in dataset:
        image = torch.as_tensor(item["image"])[None].to(device)
        postprocessing(item | {"pred": inferer(image, network)[0].cpu()})


def preparation_of(bundle_root: Any) -> Any:
    return portable.load_preparation(Path(bundle_root) / "configs")
