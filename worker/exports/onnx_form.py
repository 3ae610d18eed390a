"""Models as ONNX: one file a model, the selector's, and one with the routing inside."""

import logging
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper
from torch.export import ExportedProgram

from worker.exports.graphs import in_patches, routed_strategy
from worker.exports.preparation import write_preparation
from worker.exports.torch_form import Count, network_programs, selector_program
from worker.predicting.predict import Predictor

SUFFIX = ".onnx"
OPSET = 20
SUPER = "super"
#: Google's format of messages, in which ONNX files are written, ends at 2 GiB.
MAX_BYTES = 2**31 - 2**20


def write_onnx(predictor: Predictor, folder: Path, begins: Count) -> None:
    """Raises CannotExport with the reason."""
    selector = selector_program(predictor)
    models: dict[str, ModelProto] = {}
    graph: ModelProto | None = None
    for name, program in network_programs(predictor, begins):
        graph = graph or _converted(program, ["image"], ["logits" if in_patches(predictor.plan) else "probabilities"])
        models[name] = _with_weights(graph, program)
        _save(models[name], folder / f"{name}{SUFFIX}")
    write_preparation(predictor, folder)
    strategy = routed_strategy(predictor)
    if selector is None or strategy is None:
        return
    routing = _converted(selector, ["unit", "scan"], ["site_probabilities", "times_usual_distance"])
    _save(routing, folder / f"selector{SUFFIX}")
    # The windows lie around a graph, and the choice is made once for all windows of an image.
    if not in_patches(predictor.plan) and sum(model.ByteSize() for model in models.values()) < MAX_BYTES:
        is_volume = predictor.run.task.dimensions == 3
        _save(with_routing(routing, models, strategy.gamma, is_volume), folder / f"{SUPER}{SUFFIX}")
        write_preparation(predictor, folder, has_super=True)


def _converted(program: ExportedProgram, inputs: list[str], outputs: list[str]) -> ModelProto:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch's own parts that are old, and of torchvision, which nobody needs
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        made = torch.onnx.export(
            program,
            (),
            dynamo=True,
            verbose=False,
            optimize=False,
            opset_version=OPSET,
            input_names=inputs,
            output_names=outputs,
        )
    assert made is not None
    model: ModelProto = made.model_proto
    model.producer_name = "FedSM Studio"
    for node in model.graph.node:  # where in our code an operation was traced is nobody's affair
        del node.metadata_props[:]
        node.doc_string = ""
    del model.graph.value_info[:]
    # Torch's notes on the sizes that it assumed, in an order that differs between processes.
    for holder in (model, model.graph, *model.graph.input, *model.graph.output, *model.graph.initializer):
        del holder.metadata_props[:]
    return model


def _with_weights(graph: ModelProto, program: ExportedProgram) -> ModelProto:
    """The same graph with the program's weights; what is no weight stays."""
    model = ModelProto()
    model.CopyFrom(graph)
    for place in model.graph.initializer:
        if place.name in program.state_dict:
            place.CopyFrom(numpy_helper.from_array(program.state_dict[place.name].detach().numpy(), place.name))
    return model


def _save(model: ModelProto, path: Path) -> None:
    onnx.checker.check_model(model, full_check=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)


def with_routing(selector: ModelProto, models: Mapping[str, ModelProto], gamma: float, is_volume: bool) -> ModelProto:
    """Images in, their probabilities out, each by the model that the selector chooses for it.

    models: `global` first, then the sites' in the order of the selector's outputs. The choice is the super model's
    rule: the most probable site's model where its probability is above gamma, else the global one. `chosen` [B] has one
    of each picture; of a volume, whose slices are a batch for the selector, one alone.
    """
    first = next(iter(models.values()))
    graph = onnx.compose.add_prefix(selector, "selector/").graph
    names = {value.name: value.name.removeprefix("selector/") for value in (*graph.input, *graph.output)}
    graph = _renamed(graph, names)
    nodes = [*graph.node, *_chosen_index("site_probabilities", gamma)]
    image = onnx.ValueInfoProto()
    image.CopyFrom(first.graph.input[0])
    if is_volume and len(image.type.tensor_type.shape.dim) == 5:  # a second volume would need a choice of its own
        image.type.tensor_type.shape.dim[0].dim_value = 1
    if is_volume:
        nodes += _nested([_branch(model, f"model{index}/", "image") for index, model in enumerate(models.values())])
    else:
        nodes += _each_picture(models)
    whole = helper.make_graph(
        nodes,
        "super_model",
        [image, *graph.input],
        [
            first.graph.output[0],
            *graph.output,
            helper.make_tensor_value_info("chosen", TensorProto.INT64, [1 if is_volume else "pictures"]),
        ],
        initializer=list(graph.initializer),
    )
    return helper.make_model(
        whole,
        opset_imports=list({entry.domain: entry for entry in (*first.opset_import, *selector.opset_import)}.values()),
        functions=list({function.name: function for function in (*first.functions, *selector.functions)}.values()),
        ir_version=first.ir_version,
        producer_name="FedSM Studio",
    )


def _renamed(graph: onnx.GraphProto, names: Mapping[str, str]) -> onnx.GraphProto:
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for value in (*graph.input, *graph.output):
        value.name = names[value.name]
    return graph


def _chosen_index(probabilities: str, gamma: float) -> Iterable[onnx.NodeProto]:
    """`chosen` [B]: 0 for the global model, i + 1 for site i. As in Python, the first of equals is taken."""
    yield _constant("gamma", np.array(gamma, dtype=np.float64))
    yield _constant("one", np.array(1, dtype=np.int64))
    yield _constant("zero", np.array(0, dtype=np.int64))
    yield _constant("axis_of_sites", np.array([1], dtype=np.int64))
    yield helper.make_node("ReduceMax", [probabilities, "axis_of_sites"], ["largest"], keepdims=0)
    yield helper.make_node("ArgMax", [probabilities], ["best"], axis=1, keepdims=0)
    yield helper.make_node("Greater", ["largest", "gamma"], ["is_sure"])
    yield helper.make_node("Add", ["best", "one"], ["site_model"])
    yield helper.make_node("Where", ["is_sure", "site_model", "zero"], ["chosen"])


def _constant(name: str, value: NDArray[Any]) -> onnx.NodeProto:
    return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(value, ""))


def _each_picture(models: Mapping[str, ModelProto]) -> Iterable[onnx.NodeProto]:
    """`probabilities` of a batch: a `Loop` over its pictures, because each has a model of its own.

    It goes as far as the longer of `image` and `unit`, so that where one is short the runtime ends with an error."""
    branches = [_branch(model, f"model{index}/", "picture") for index, model in enumerate(models.values())]
    row, goes_on = "number", "goes_on"
    nodes = [
        _constant("axis_of_pictures", np.array([0], dtype=np.int64)),
        helper.make_node("Unsqueeze", [row, "axis_of_pictures"], ["row"]),
        helper.make_node("Gather", ["image", "row"], ["picture"], axis=0),
        helper.make_node("Gather", ["chosen", "row"], ["chosen_of_picture"], axis=0),
        *_nested(branches, "chosen_of_picture", "probabilities_of_picture"),
        helper.make_node("Squeeze", ["probabilities_of_picture", "axis_of_pictures"], ["planes"]),
        helper.make_node("Identity", [goes_on], ["still_goes_on"]),
    ]
    planes = onnx.ValueInfoProto()
    planes.CopyFrom(branches[0].output[0])
    planes.name = "planes"
    del planes.type.tensor_type.shape.dim[0]
    body = helper.make_graph(
        nodes,
        "one_picture",
        [
            helper.make_tensor_value_info(row, TensorProto.INT64, []),
            helper.make_tensor_value_info(goes_on, TensorProto.BOOL, []),
        ],
        [helper.make_tensor_value_info("still_goes_on", TensorProto.BOOL, []), planes],
    )
    yield helper.make_node("Shape", ["image"], ["num_pictures"], start=0, end=1)
    yield helper.make_node("Shape", ["chosen"], ["num_chosen"], start=0, end=1)
    yield helper.make_node("Max", ["num_pictures", "num_chosen"], ["num_rows"])
    yield helper.make_node("Loop", ["num_rows", ""], ["probabilities"], body=body)


def _branch(model: ModelProto, prefix: str, image: str) -> onnx.GraphProto:
    """A model as the branch of an `If`, which takes what `image` names from outside."""
    graph = onnx.compose.add_prefix(model, prefix).graph
    graph = _renamed(graph, {f"{prefix}image": image, f"{prefix}probabilities": f"{prefix}probabilities"})
    del graph.input[:]
    return graph


def _nested(
    branches: list[onnx.GraphProto], chosen: str = "chosen", found: str = "probabilities"
) -> list[onnx.NodeProto]:
    """`found`, of the branch whose position is `chosen`: each `If` asks about one, its else about the rest."""
    inner = branches[-1]
    for index in reversed(range(len(branches) - 1)):
        output = f"probabilities_{index}" if index else found
        nodes = [
            _constant(f"position_{index}", np.array(index, dtype=np.int64)),
            helper.make_node("Equal", [chosen, f"position_{index}"], [f"is_{index}"]),
            helper.make_node("If", [f"is_{index}"], [output], then_branch=branches[index], else_branch=inner),
        ]
        if index == 0:
            return nodes
        last = onnx.ValueInfoProto()
        last.CopyFrom(branches[index].output[0])
        last.name = output
        inner = helper.make_graph(nodes, f"from_{index}", [], [last])
    raise ValueError("models: a set with a selector has the global one and one for each site")
