"""How the downloaded models are used without FedSM Studio: what a card says, step by step.

tests/worker/engine/test_use_outside.py follows these steps in plain PyTorch and MONAI and gets the same masks.
"""

from collections.abc import Iterator

from backend.contracts.data_config import DataConfig
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.network_configs import NetworkConfig
from backend.contracts.task_definition import SegmentationTask

LINEAR = 'torch.nn.functional.interpolate(x[None], size, mode="bilinear", align_corners=False, antialias=True)[0]'

NORMALIZE = (
    "A file holds `input_mean` and `input_std` too, [C] each: take them out (`pop`) before `load_state_dict`, and give "
    "the network `(x - input_mean) / input_std` of each channel, of whatever it sees."
)


def how_to_use(
    config: ExperimentConfig, task: SegmentationTask, has_selector: bool, normalizes_input: bool = False
) -> list[str]:
    """Steps in their order, from the image as stored to the mask at its own size.

    normalizes_input: whether the files hold `input_mean` and `input_std` next to the network's tensors.
    """
    return [
        _network(config, task),
        *_image(config.data, config.network.spatial_dims),
        *([NORMALIZE] if normalizes_input else ()),
        "Set the network to `eval()` and take the sigmoid of its output, not a softmax: structures may overlap.",
        *_mask(config.data, task),
        *_choice(has_selector),
    ]


def _network(config: ExperimentConfig, task: SegmentationTask) -> str:
    network = config.network
    loads = "A file's tensors are its state dict: `load_state_dict(safetensors.torch.load_file(path), strict=True)`."
    if not isinstance(network, NetworkConfig):
        return (
            f"Make the network `{network.name}` as worker/engine/networks/make.py does, from `config.network` in "
            f"model.json. {loads}"
        )
    norm = '"INSTANCE"' if network.norm == "instance" else '("BATCH", {"affine": True})'
    strides = repr((2,) * network.num_halvings)
    made = (
        f"`monai.networks.nets.UNet(spatial_dims={network.spatial_dims}, in_channels={task.num_channels}, "
        f"out_channels={len(task.structures)}, channels={network.channels!r}, strides={strides}, "
        f"num_res_units={network.num_residual_units}, norm={norm})`"
    )
    extra = ""
    if network.norm == "group":
        extra = " Replace each batch norm by group norm over the most groups, 8 at most, that divide its channels."
    if network.spatial_dims == 3:
        extra += (
            f" Of its strides only those of the deepest levels halve the depth too, as often as data.depth "
            f"({config.data.depth}) is even and 4 slices remain; the others are (1, 2, 2)."
        )
    return f"Make the network: {made}.{extra} {loads}"


def _image(data: DataConfig, spatial_dims: int) -> Iterator[str]:
    yield (
        "Take the image as float32 of channels first, as stored: a picture [C, H, W], a volume [C, D, H, W] in axial "
        "slices. A 2D network sees each slice of a volume as a picture."
    )
    match data.intensity:
        case "unit":
            yield "Divide by the largest value of the pixel type (255 of 8 bits), which brings it to 0 to 1."
        case "percentile":
            yield "Bring the 0.5th to 99.5th percentile of the image's values to 0 to 1 and clip."
        case "window" if data.window is not None:
            yield f"Bring the values {data.window[0]:g} to {data.window[1]:g} to 0 to 1 and clip."
        case _:
            yield (
                "Divide a picture by the largest value of its pixel type. After the resize subtract the mean of each "
                "channel and divide by its standard deviation (torch.std; at least 1e-6)."
            )
    if data.sampling == "resize":
        depth = f", then the depth to {data.depth} slices, trilinear" if spatial_dims == 3 else ""
        yield f"Resize to {data.image_size} x {data.image_size} **with antialiasing**: `{LINEAR}`{depth}."
        return
    if data.spacing is not None:
        sizes = " x ".join(f"{value:g}" for value in data.spacing)
        yield f"Resample to a spacing of {sizes} (mm, or pixels of a photograph) in the same way: `{LINEAR}`."
    window = (data.depth, data.image_size, data.image_size)[-spatial_dims:]
    yield (
        f"Predict patch by patch: `monai.inferers.sliding_window_inference(images, {window!r}, 8, network, "
        f'overlap={data.overlap:g}, mode="gaussian", padding_mode="constant")`.'
    )


def _mask(data: DataConfig, task: SegmentationTask) -> Iterator[str]:
    if data.sampling == "resize" or data.spacing is not None:
        yield "Resize the **probabilities** (not a mask) back to the image's own size, in the same way."
    names = ", ".join(f"{index}: {structure.name}" for index, structure in enumerate(task.structures))
    yield f"The mask of a structure is where its channel is **> 0.5**. Channels: {names}."


def _choice(has_selector: bool) -> Iterator[str]:
    yield (
        "`global` is for images of any site, `personalized/<site>` for those of its site; a file that is not here the "
        "method does not have."
    )
    if has_selector:
        yield (
            "The super model, which chooses among them for each image, needs what the model selector takes: "
            "`fedsm predict model.zip IMAGES` computes it without a server (docs/models.md)."
        )
