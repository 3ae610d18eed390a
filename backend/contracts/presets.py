"""Settings of a method that are set together: which, why, and where the evidence stands. Nothing else lists them."""

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import Field

from backend.contracts.base import Contract
from backend.contracts.methods.fedsm import FedSMConfig

PresetName = Literal["paper", "validation"]


class PresetSetting(Contract):
    field: str = Field(description="Of the method, as a file names it.")
    value: bool | int | float | str | None
    reason: str
    validation_cases: int = Field(
        default=0, description="A site that trains with fewer validation cases is a reason to leave it out."
    )
    rounds: int = Field(default=0, description="A run of fewer rounds is a reason to leave it out.")


class Preset(Contract):
    """What a click, or `fedsm experiment create --preset`, sets of each FedSM."""

    name: PresetName
    title: str
    description: str
    evidence: str = Field(description="The page, and its section, that shows why.")
    settings: tuple[PresetSetting, ...]


def _as_in_the_paper() -> Iterable[PresetSetting]:
    """Every setting but the selector at the contract's default: those that the defaults do not use say nothing."""
    standard = FedSMConfig()
    for name, field in FedSMConfig.model_fields.items():
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        needed: Any = extra.get("applies_when", {})
        used = all(getattr(standard, sibling) in values for sibling, values in needed.items())
        if name not in ("name", "selector") and used:
            source = str(extra["source"])
            is_given = not source.startswith("this project's choice")
            reason = f"From {source}." if is_given else "Off: the paper has no such option."
            yield PresetSetting(field=field.alias or name, value=getattr(standard, name), reason=reason)


PRESETS = (
    Preset(
        name="paper",
        title="As in the paper",
        description="Every option beyond the paper is off. These are the defaults; the selector stays as it is.",
        evidence="docs/algorithm.md#the-super-model",
        settings=tuple(_as_in_the_paper()),
    ),
    Preset(
        name="validation",
        title="Recommended by validation",
        description="What validation preferred over the paper's settings. Measured on small invented federations: "
        "compare it with the paper's on your own validation cases.",
        evidence="docs/gap-measured.md#what-follows",
        settings=(
            PresetSetting(
                field="rounds_without_pull",
                value=1,
                reason="A finished model is then the one that its site trained last, and not a mix that nobody has "
                "trained since. Validation preferred it in every training that was measured, at no cost.",
                rounds=2,
            ),
            PresetSetting(
                field="routing",
                value="quality",
                reason="An image gets the model with the best expected score. Validation preferred it in every "
                "training on sites with alike cameras; it gained nothing where cameras differ so much that the "
                "selector knows every site.",
                validation_cases=int(FedSMConfig.model_fields["quality_minimum_cases"].default),
            ),
        ),
    ),
)


def preset_of(name: PresetName) -> Preset:
    return next(preset for preset in PRESETS if preset.name == name)


def with_settings(method: FedSMConfig, settings: Iterable[PresetSetting]) -> FedSMConfig:
    """The method with these settings, and its others as they are."""
    values = method.model_dump(mode="json", by_alias=True) | {each.field: each.value for each in settings}
    return FedSMConfig.model_validate(values)
