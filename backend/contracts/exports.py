"""The forms in which a trained set of models goes out to other programs."""

from dataclasses import dataclass
from typing import Literal, get_args

from pydantic import Field

from backend.contracts.artifacts import Sha256
from backend.contracts.base import Contract
from backend.contracts.values import Count, NumBytes, Seconds

ExportForm = Literal["onnx", "torch-export", "monai", "hugging-face"]
FORMS: tuple[ExportForm, ...] = get_args(ExportForm)


@dataclass(frozen=True)
class FormCard:
    """label: on screens. summary: what is in the ZIP, and what runs it."""

    label: str
    summary: str


FORM_CARDS: dict[ExportForm, FormCard] = {
    "onnx": FormCard(
        "ONNX",
        "one .onnx a model, the selector's and one with the routing inside; ONNX Runtime and NumPy run them without "
        "PyTorch",
    ),
    "torch-export": FormCard("torch.export", "one .pt2 a model and the selector's; PyTorch alone runs them"),
    "monai": FormCard(
        "MONAI bundle", "the bundle's folders with configuration, weights and the routing; MONAI runs it"
    ),
    "hugging-face": FormCard(
        "Hugging Face folder",
        "the weights as safetensors, config.json, a card with its metadata, and programs that PyTorch alone runs",
    ),
}
#: Largest share of voxels in which an exported model's masks may differ from the platform's: rounding at an edge.
MAX_DIFFERENT = 1e-5


class ExportStep(Contract):
    """What is done now, counted from 1 within its stage."""

    stage: Literal["write", "try", "each", "pack"] = Field(
        description="write: a model's file. try: the form on one raw test case. each: one model by itself. pack: the "
        "ZIP."
    )
    number: int = Field(ge=1, le=100_000, description="Of the model or case, from 1.")
    of: int = Field(ge=1, le=100_000, description="How many of them there are.")

    @property
    def fraction(self) -> float:
        """The share of the whole work that is done when the step begins: half of it is writing."""
        begin, share = {"write": (0.0, 0.5), "try": (0.5, 0.25), "each": (0.75, 0.15), "pack": (0.9, 0.1)}[self.stage]
        return begin + share * (self.number - 1) / self.of

    @property
    def words(self) -> str:
        """`Writes model 2 of 4`"""
        match self.stage:
            case "write":
                return f"Writes model {self.number} of {self.of}"
            case "try":
                return f"Tries it on raw image {self.number} of {self.of}"
            case "each":
                return f"Tries model {self.number} of {self.of} by itself"
            case "pack":
                return "Packs the ZIP"


class ExportModelResult(Contract):
    """A form that gave the platform's masks, as one ZIP, with what was compared."""

    kind: Literal["export_model"] = "export_model"
    file: Sha256
    num_bytes: NumBytes
    num_images: Count
    num_voxels: Count
    num_different: Count
    seconds: Seconds
