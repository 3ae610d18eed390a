"""What MONAI asks of a bundle's metadata: the fields and types of its schema of 2024-07-25, which each bundle names and
`python -m monai.bundle verify_metadata` fetches. They are written down here because no test reaches the web."""

from typing import Any

NAME = "meta_schema_20240725.json"
TEXTS = ("schema", "version", "monai_version", "pytorch_version", "numpy_version", "task", "description", "authors",
         "copyright", "data_source", "data_type", "image_classes", "label_classes", "pred_classes",
         "intended_use")  # fmt: skip
OBJECTS = ("changelog", "required_packages_version", "eval_metrics", "supported_apps")
REQUIRED = ("schema", "version", "monai_version", "pytorch_version", "numpy_version", "required_packages_version",
            "task", "description", "authors", "copyright", "network_data_format")  # fmt: skip


def monais_schema() -> dict[str, Any]:
    tensor: dict[str, dict[str, Any]] = {
        "type": {"type": "string"},
        "format": {"type": "string"},
        "num_channels": {"type": "integer"},
        "spatial_shape": {"type": "array", "items": {"type": ["string", "integer"]}},
        "dtype": {"type": "string"},
        "value_range": {"type": "array", "items": {"type": "number"}},
    }
    optional = {"is_patch_data": {"type": "boolean"}, "channel_def": {"type": "object"}}
    argument = {"type": "object", "properties": tensor | optional, "required": list(tensor)}
    arguments = {"type": "object", "additionalProperties": argument}
    formats = {
        "type": "object",
        "properties": {"inputs": arguments, "outputs": arguments, "post_processed_outputs": arguments},
        "required": ["inputs", "outputs"],
    }
    return {
        "type": "object",
        "properties": {
            **{name: {"type": "string"} for name in TEXTS},
            **{name: {"type": "object"} for name in OBJECTS},
            "references": {"type": "array", "items": {"type": "string"}},
            "network_data_format": formats,
        },
        "required": list(REQUIRED),
    }
