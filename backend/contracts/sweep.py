"""A sweep: one experiment's settings, of which some take several values.

A setting of a method makes more methods of one experiment, which tells them apart by what differs; a setting that all
methods share (schedule, data, network, ...) makes more experiments, one for each combination of these.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from pydantic import Field, JsonValue, ValidationError

from backend.contracts.base import Contract
from backend.contracts.experiment_config import MAX_METHODS, ExperimentConfig
from backend.contracts.refusals import Refusal, all_refused, one_by_one, refusal
from backend.contracts.values import Text

MAX_EXPERIMENTS = 32
#: Of the configuration's own fields, those that no axis names: methods are named themselves, and seeds are a list.
_NO_AXES = ("strategies", "seeds", "held_out_sites")
#: Both name the model that training begins with: a value of one stands in place of the other.
_SAME = {"start_from.run": "start_from.version", "start_from.version": "start_from.run"}


class SweepAxis(Contract):
    """A setting and its values."""

    path: Annotated[str, Text(200, least=1)] = Field(
        description="`fedsm.lambda`: a method and its setting; `schedule.learning_rate`: a setting of all methods."
    )
    values: tuple[JsonValue, ...] = Field(min_length=1, max_length=32)


class SweepPoint(Contract):
    """One experiment of a sweep."""

    label: str = Field(description="What differs from the sweep's other experiments; empty where it is the only one.")
    config: ExperimentConfig


def swept(config: ExperimentConfig, axes: Sequence[SweepAxis]) -> list[SweepPoint]:
    """The experiments, in the order of the values; the last axis changes the quickest.

    Raises an error with refusals (refusals.py) that name the axis `axes.<index>.path` or `.values`.
    """
    fields = config.model_dump(mode="json", by_alias=True)
    methods: set[str] = {strategy.name for strategy in config.strategies}
    if problems := list(_problems(axes, fields, methods)):
        raise all_refused(problems)
    of_methods = [axis for axis in axes if _first(axis) in methods]
    shared = [axis for axis in axes if _first(axis) not in methods]
    fields["strategies"] = [
        variant for strategy in fields["strategies"] for variant in _variants(strategy, _own(of_methods, strategy))
    ]
    points = []
    for values in itertools.product(*(axis.values for axis in shared)):
        changed = fields
        for axis, value in zip(shared, values, strict=True):
            changed = _with(_without_other(changed, axis, value, shared), axis.path.split("."), value)
        label = ", ".join(f"{axis.path} {_text(value)}" for axis, value in zip(shared, values, strict=True))
        points.append(SweepPoint(label=label, config=_validated(changed, label, axes)))
    return points


def _first(axis: SweepAxis) -> str:
    return axis.path.partition(".")[0]


def _own(axes: Sequence[SweepAxis], strategy: dict[str, Any]) -> list[SweepAxis]:
    """Of a method that takes part several times, each that has the setting takes its values."""
    return [axis for axis in axes if _first(axis) == strategy["name"] and _has(strategy, axis.path.split(".")[1:])]


def _without_other(fields: dict[str, Any], axis: SweepAxis, value: Any, axes: Sequence[SweepAxis]) -> dict[str, Any]:
    """A copy without the setting that this value stands in place of, unless that one is an axis, too."""
    other = _SAME.get(axis.path)
    if other is None or value is None or any(each.path == other for each in axes):
        return fields
    return _with(fields, other.split("."), None)


def _variants(strategy: dict[str, Any], axes: Sequence[SweepAxis]) -> Iterator[dict[str, Any]]:
    for values in itertools.product(*(axis.values for axis in axes)):
        changed = strategy
        for axis, value in zip(axes, values, strict=True):
            changed = _with(changed, axis.path.split(".")[1:], value)
        yield changed


def _with(fields: dict[str, Any], steps: Sequence[str], value: Any) -> dict[str, Any]:
    """A copy with one value changed. Another name of a network or selector has that one's own defaults."""
    if len(steps) == 1:
        return {"name": value} if steps[0] == "name" else fields | {steps[0]: value}
    return fields | {steps[0]: _with(fields[steps[0]], steps[1:], value)}


def _problems(axes: Sequence[SweepAxis], fields: dict[str, Any], methods: set[str]) -> Iterator[Refusal]:
    num_experiments = 1
    for index, axis in enumerate(axes):
        steps = axis.path.split(".")
        if axis.path in {other.path for other in axes[:index]}:
            yield refusal("is named twice", "give all its values at once", f"axes.{index}.path", axis.path)
        elif steps[0] in methods:
            of_method = (strategy for strategy in fields["strategies"] if strategy["name"] == steps[0])
            if steps[-1:] == steps[:1] or steps[1:] == ["name"] or not any(_has(each, steps[1:]) for each in of_method):
                yield _no_setting(index, axis, f"the settings of {steps[0]}")
        elif (len(steps) < 2 and isinstance(fields.get(steps[0]), dict)) or not _has(fields, steps):
            yield _no_setting(index, axis, f"a method of the experiment ({', '.join(sorted(methods))}), or a section")
        elif steps[0] in _NO_AXES:
            yield refusal(
                "takes several values already", f"list them in config.{steps[0]}", f"axes.{index}.path", axis.path
            )
        else:
            num_experiments *= len(axis.values)
        if any(value in axis.values[:position] for position, value in enumerate(axis.values)):
            yield refusal("a value is repeated", "name each once", f"axes.{index}.values", _text(list(axis.values)))
    if num_experiments > MAX_EXPERIMENTS:
        yield refusal(
            f"the values make {num_experiments} experiments, more than {MAX_EXPERIMENTS}",
            "give fewer values, or several sweeps",
            "axes",
            num_experiments,
        )
    num_methods = sum(math.prod(len(axis.values) for axis in _own(axes, each)) for each in fields["strategies"])
    if num_methods > MAX_METHODS:
        yield refusal(
            f"the values make {num_methods} methods of one experiment, more than {MAX_METHODS}",
            "give fewer values, or several sweeps",
            "axes",
            num_methods,
        )


def _no_setting(index: int, axis: SweepAxis, where: str) -> Refusal:
    return refusal(
        "is no setting of this experiment",
        f"name one as the experiment's file does, after {where}, such as fedsm.lambda or schedule.learning_rate",
        f"axes.{index}.path",
        axis.path,
    )


def _has(fields: object, steps: Sequence[str]) -> bool:
    for step in steps:
        if not isinstance(fields, dict) or step not in fields:
            return False
        fields = fields[step]
    return True


def _validated(fields: dict[str, Any], label: str, axes: Sequence[SweepAxis]) -> ExperimentConfig:
    try:
        return ExperimentConfig.model_validate(fields)
    except ValidationError as error:
        of_point = f" ({label})" if label else ""
        raise all_refused(
            [
                refusal(
                    f"{_said(problem)}{of_point}",
                    "give values that each experiment may have",
                    _axis_of(problem["loc"], axes),
                    ".".join(str(step) for step in problem["loc"]) or "config",
                )
                for problem in one_by_one(error.errors())
            ]
        ) from error


def _axis_of(loc: Sequence[int | str], axes: Sequence[SweepAxis]) -> str:
    """The axis whose setting is wrong, else all of them. Between the steps of a setting stand places and variants."""
    for index, axis in enumerate(axes):
        steps = axis.path.split(".")
        rest = iter(loc)
        if loc and loc[-1] == steps[-1] and all(step in rest for step in steps):
            return f"axes.{index}.values"
    return "axes"


def _said(problem: dict[str, Any]) -> str:
    """What is wrong, with the remedy where the rule has one of its own."""
    context = problem.get("ctx") or {}
    if "remedy" in context:
        return f"{context['field']}: {context['message']}; {context['remedy']}"
    return f"{problem['msg']}, got {_text(problem['input'])}"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    return "empty" if value is None else str(value)
