"""What the sites of a federation segment: modality, channels and structures."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from backend.contracts.base import Contract
from backend.contracts.refusals import refused
from backend.contracts.values import MAX_STRUCTURES, AtMost, StructureName, Text, Within


class Structure(Contract):
    """An anatomical class, and the integers that stand for it in a mask.

    Structures may overlap: the optic disc contains the cup, so the disc is the labels 1 (rim) and 2 (cup) together
    and the cup is label 2. Each structure is one output channel of the network.
    """

    name: StructureName = Field(description="The structure's name, as shown everywhere.", examples=["optic disc"])
    label_values: Annotated[tuple[Annotated[int, Within(1, 65535)], ...], AtMost(1000)] = Field(
        min_length=1, description="The mask integers that belong to this structure; 0 is background.", examples=[[1, 2]]
    )


class SegmentationTask(Contract):
    """The task that all sites of a federation share."""

    modality: Annotated[str, Text(60, least=1, visible=True)] = Field(
        default="fundus photography", description="Imaging modality."
    )
    dimensions: Literal[2, 3] = Field(default=2, description="2: pictures (photographs, slices); 3: volumes.")
    num_channels: Literal[1, 3] = Field(default=3, description="Image channels: 1 for grey, 3 for RGB.")
    structures: Annotated[tuple[Structure, ...], AtMost(MAX_STRUCTURES)] = Field(
        min_length=1, description="The structures to segment."
    )

    @model_validator(mode="after")
    def _structure_names_differ(self) -> Self:
        names = [structure.name for structure in self.structures]
        if len(set(names)) != len(names):
            raise refused(f"structures must have different names, got {names}", "rename one", field="structures")
        return self

    @property
    def known_label_values(self) -> frozenset[int]:
        """Every integer a mask of this task may contain, background included."""
        return frozenset({0}).union(*(structure.label_values for structure in self.structures))
