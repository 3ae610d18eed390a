"""Masks by ONNX Runtime, without PyTorch: `python predict_onnx.py IMAGE... --out DIR`. Apache-2.0."""

import sys
from pathlib import Path
from typing import Any

import onnxruntime

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import portable  # type: ignore[import-not-found]  # noqa: E402 (it lies next to this file)

onnxruntime.set_default_logger_severity(3)
sessions: dict[str, Any] = {}


def session(name: Any) -> Any:
    if name not in sessions:
        path = str(HERE / f"{name}.onnx")
        sessions[name] = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return sessions[name]


def probabilities_by(name: Any, batch: Any, preparation: Any) -> Any:
    def network(images: Any) -> Any:
        return session(name).run(None, {"image": images})[0]

    return portable.from_batch(portable.probabilities_of(network, batch, preparation), preparation)


def segment(image: Any, unit: Any, scan: Any, preparation: Any, model: Any) -> Any:
    batch = portable.network_batch(image, preparation)
    if model is not None or not preparation["selector"]:
        alone = model or preparation["models"][0]
        return probabilities_by(alone, batch, preparation), alone, None
    of_image = {"unit": portable.selector_batch(unit), "scan": scan}
    if preparation["super"]:
        names = ["probabilities", "site_probabilities", "chosen"]
        probabilities, of_sites, index = session("super").run(names, {"image": batch, **of_image})
        return portable.from_batch(probabilities, preparation), preparation["models"][index.item()], of_sites[0]
    (of_sites,) = session("selector").run(["site_probabilities"], of_image)
    chosen = portable.chosen_model(of_sites[0], preparation)
    return probabilities_by(chosen, batch, preparation), chosen, of_sites[0]


if __name__ == "__main__":
    portable.main(segment, HERE)
