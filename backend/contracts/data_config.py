"""How a site's images reach the network."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from backend.contracts.base import OWN, REFERENCE, Contract, applies_when, choices, default_from, unit
from backend.contracts.refusals import refused
from backend.contracts.values import FiniteFloat

AugmentationName = Literal["none", "flips", "rotations", "elastic", "intensity", "noise", "colour", "strong"]


class DataConfig(Contract):
    """How images reach the network."""

    sampling: Literal["resize", "patches"] = Field(
        default="resize",
        json_schema_extra=choices(
            {
                "resize": "the network sees whole images, resized",
                "patches": "pieces of them at full resolution, for large images and volumes, and predictions are "
                "made patch by patch (sliding window)",
            }
        ),
    )
    image_size: int = Field(
        default=256,
        ge=32,
        le=1024,
        multiple_of=16,
        description="Side in pixels of what the network sees: of the resized image, or of a patch. "
        "Predictions are resized back and scored at the original size.",
        json_schema_extra=unit("px") | default_from(REFERENCE),
    )
    depth: int = Field(
        default=16,
        ge=4,
        le=256,
        multiple_of=2,
        description="Slices of what the network sees; 3D networks only.",
        json_schema_extra=unit("slices") | applies_when("network.spatial_dims", 3) | default_from(OWN),
    )
    spacing: tuple[Annotated[float, Field(gt=0, le=100)], ...] | None = Field(
        default=None,
        min_length=2,
        max_length=3,
        description="Voxel size to which images are resampled before patches are cut, as height, width "
        "or depth, height, width; in mm, for photographs in original pixels. Empty: as they are.",
        json_schema_extra=applies_when("sampling", "patches"),
    )
    patches_per_case: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Drawn from each image, or slice, in a local epoch.",
        json_schema_extra=applies_when("sampling", "patches") | default_from(OWN),
    )
    foreground_share: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Of the patches, how many lie around a structure: each structure of the image is as "
        "likely, whatever its size (as in nnU-Net), and so is each of its voxels.",
        json_schema_extra=applies_when("sampling", "patches") | default_from(OWN),
    )
    overlap: float = Field(
        default=0.5,
        ge=0,
        le=0.9,
        description="Overlap of the sliding window.",
        json_schema_extra=applies_when("sampling", "patches") | default_from("nnU-Net's"),
    )
    slices: Literal["all", "foreground"] = Field(
        default="all",
        description="Volumes with a 2D network: train on all slices, or on those with a structure only, as the "
        "authors' prostate experiments do.",
    )
    intensity: Literal["unit", "standardized", "percentile", "window"] = Field(
        default="unit",
        json_schema_extra=choices(
            {
                "unit": "divide by the largest value of the pixel type (pictures only)",
                "standardized": "zero mean and unit variance for each image and channel",
                "percentile": "the image's 0.5th to 99.5th percentile to 0 to 1",
                "window": "the values of window to 0 to 1, clipped",
            }
        ),
    )
    window: tuple[FiniteFloat, FiniteFloat] | None = Field(
        default=None,
        description="The stored values that become 0 and 1. The reference code's prostate MR: 0 "
        "and 2048; a soft-tissue window in CT: -160 and 240.",
        json_schema_extra=applies_when("intensity", "window"),
    )
    augmentation: AugmentationName = Field(
        default="none",
        description="Random changes of the training images (docs/augmentations.md).",
        json_schema_extra=choices(
            {
                "none": "the images as they are",
                "flips": "mirrored along each axis",
                "rotations": "flips, rotation, zoom",
                "elastic": "smooth deformation",
                "intensity": "brightness, contrast, gamma, bias field",
                "noise": "noise and blur",
                "colour": "channel gains, saturation (RGB only)",
                "strong": "all that fit",
            }
        ),
    )

    @model_validator(mode="after")
    def _window_goes_with_intensity(self) -> Self:
        if (self.intensity == "window") != (self.window is not None):
            raise refused(
                f"data.window {self.window} and data.intensity {self.intensity} do not go together",
                "give a window with intensity window, and only then",
                field="window",
            )
        if self.window is not None and self.window[0] >= self.window[1]:
            raise refused(f"data.window {list(self.window)} must rise", "give the smaller value first", field="window")
        return self

    @model_validator(mode="after")
    def _spacing_needs_patches(self) -> Self:
        if self.spacing is not None and self.sampling == "resize":
            raise refused(
                f"data.spacing {list(self.spacing)} is for patches, but data.sampling is resize, which "
                "makes every image data.image_size wide",
                "set data.sampling to patches, or remove data.spacing",
                field="spacing",
            )
        return self
