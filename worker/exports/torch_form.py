"""Models as programs of `torch.export` (.pt2): any batch, and any height and width that the network's graph takes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch.export import Dim, ExportedProgram

from worker.exports.graphs import (
    CannotExport,
    NetworkGraph,
    example,
    multiples,
    network_graph,
    selector_graph,
    takes_any_size,
)
from worker.exports.preparation import write_preparation
from worker.predicting.predict import Predictor

SUFFIX = ".pt2"
_AXES = ("depth", "height", "width")

#: Called with the number of what begins, from 1, and with how many there are.
Count = Callable[[int, int], None]


def write_torch(predictor: Predictor, folder: Path, begins: Count) -> None:
    """One program a model, and the selector's. Raises CannotExport with the reason."""
    selector = selector_program(predictor)
    for model, program in network_programs(predictor, begins):
        target = folder / f"{model}{SUFFIX}"
        target.parent.mkdir(parents=True, exist_ok=True)
        torch.export.save(program, target)
    write_preparation(predictor, folder)
    if selector is not None:
        torch.export.save(selector, folder / f"selector{SUFFIX}")


def network_programs(predictor: Predictor, begins: Count) -> Iterator[tuple[str, ExportedProgram]]:
    """Yields each model's name and its program from prepared images [B, C, *space] to probabilities [B, S, *space]; of
    models that see windows, to logits.

    One graph is traced, because all models have the same network, and gets each model's weights in turn: what was
    yielded changes with the next one.
    """
    program: ExportedProgram | None = None
    for number, model in enumerate(predictor.models, start=1):
        begins(number, len(predictor.models))
        graph = network_graph(predictor, model)
        if program is None:
            program = _traced(graph, predictor)
        for name, tensor in graph.state_dict().items():
            program.state_dict[name].data.copy_(tensor)
        yield model, program


def _traced(graph: NetworkGraph, predictor: Predictor) -> ExportedProgram:
    factors = multiples(predictor.plan) if takes_any_size(predictor.plan) else ()
    sides = {
        axis: factor * Dim(f"_{name}") if factor > 1 else Dim(name)
        for axis, (name, factor) in enumerate(zip(_AXES[len(_AXES) - len(factors) :], factors, strict=True), start=2)
    }
    try:
        with torch.inference_mode(False):
            return torch.export.export(graph, (example(predictor.plan),), dynamic_shapes=({0: Dim("batch"), **sides},))
    except (RuntimeError, ValueError, TypeError) as error:  # torch's own errors of tracing are RuntimeErrors
        name = predictor.run.config.network.name
        reason = str(error).strip().splitlines()[0][:300]
        raise CannotExport(
            f"the network {name} has no graph for images of any size ({reason}): take model.zip, which "
            "`fedsm predict` runs"
        ) from error


def selector_program(predictor: Predictor) -> ExportedProgram | None:
    """From an image in 0 to 1 and the numbers of a scan to the sites' probabilities; None without a selector."""
    graph = selector_graph(predictor)
    if graph is None:
        return None
    plan, is_volume = predictor.plan, graph.is_volume
    side = plan.sampling.size
    draws = torch.Generator().manual_seed(0)
    unit = torch.rand((3 if is_volume else 2, plan.num_channels, side, side + 8), generator=draws)
    dims = {0: Dim("images"), 2: Dim("height", min=16), 3: Dim("width", min=16)}
    return torch.export.export(
        graph, (unit, torch.zeros(4, dtype=torch.float64)), dynamic_shapes=(dims, None), strict=False
    )
