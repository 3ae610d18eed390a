"""Every augmentation preset: what it may change, what it must not, and that the generator alone decides."""

from importlib.util import module_from_spec, spec_from_file_location
from math import pi
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from worker.engine import augmentation
from worker.engine.augmentation import PRESETS, Preset, augment, check_augmentation

ROOT = Path(__file__).resolve().parents[3]
SPATIAL: tuple[Preset, ...] = ("flips", "rotations", "elastic")
SHAPES = ((3, 32, 40), (1, 32, 40), (1, 6, 24, 32))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def example(shape: tuple[int, ...]) -> tuple[torch.Tensor, torch.Tensor]:
    """A noisy image with a bright box, and as structures the box and its left half."""
    image = 0.4 * torch.rand(shape, generator=generator(9))
    reference = torch.zeros(2, *shape[1:])
    reference[0, ..., 10:22, 8:24] = 1
    reference[1, ..., 10:22, 8:16] = 1
    return image + 0.6 * reference[:1], reference


def fits(preset: Preset, shape: tuple[int, ...]) -> bool:
    return preset != "colour" or shape[0] == 3


CASES = [(preset, shape) for preset in PRESETS for shape in SHAPES if fits(preset, shape)]


@pytest.mark.parametrize(("preset", "shape"), CASES)
def test_the_generator_alone_decides(preset: Preset, shape: tuple[int, ...]) -> None:
    image, reference = example(shape)
    before = image.clone(), reference.clone()
    torch.manual_seed(1)
    global_state = torch.get_rng_state()
    draws = generator()
    first, second = augment(image, reference, preset, draws), augment(image, reference, preset, draws)
    again = generator()
    for expected in (first, second):
        for tensor, same in zip(augment(image, reference, preset, again), expected, strict=True):
            assert torch.equal(tensor, same)
    assert torch.equal(torch.get_rng_state(), global_state)
    assert torch.equal(image, before[0])  # what a site keeps in memory is not changed
    assert torch.equal(reference, before[1])


@pytest.mark.parametrize(("preset", "shape"), CASES)
def test_shapes_types_and_a_reference_of_0_and_1(preset: Preset, shape: tuple[int, ...]) -> None:
    image, reference = example(shape)
    draws = generator()
    changed = 0
    for _ in range(6):
        new_image, new_reference = augment(image, reference, preset, draws)
        assert type(new_image) is type(new_reference) is torch.Tensor
        assert (new_image.shape, new_reference.shape) == (image.shape, reference.shape)
        assert (new_image.dtype, new_reference.dtype) == (image.dtype, reference.dtype)
        assert set(new_reference.unique().tolist()) == {0, 1}
        assert bool((new_reference[1] <= new_reference[0]).all())  # nested structures stay nested
        changed += not torch.equal(new_image, image)
    assert (changed == 0) == (preset == "none")


@pytest.mark.parametrize(("preset", "shape"), CASES)
def test_values_stay_in_the_images_own_range(preset: Preset, shape: tuple[int, ...]) -> None:
    """Images in 0 to 1 stay there, and a standardized image is changed as the same image in 0 to 1 is."""
    image, reference = example(shape)
    unit = (image - image.min()) / (image.max() - image.min())
    standardized = 4 * unit - 2
    plain, _ = augment(unit, reference, preset, generator())
    moved, _ = augment(standardized, reference, preset, generator())
    assert plain.min() >= -1e-6
    assert plain.max() <= 1 + 1e-6
    assert torch.allclose(4 * plain - 2, moved, atol=1e-4)


@pytest.mark.parametrize("preset", [*SPATIAL, "strong"])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_reference_moves_with_the_image(preset: Preset, shape: tuple[int, ...]) -> None:
    """An image that is its reference stays it, but for the interpolated rim, in every draw.

    In `strong` blur and noise widen the rim.
    """
    _, reference = example(shape)
    image, draws = reference[:1].expand(shape).clone(), generator()
    for _ in range(6):
        new_image, new_reference = augment(image, reference, preset, draws)
        middle = (new_image[0].max() + new_image[0].min()) / 2
        agreement = ((new_image[0] > middle) == (new_reference[0] > 0.5)).float().mean()
        assert agreement > (0.9 if preset == "strong" else 0.995)


@pytest.mark.parametrize("preset", ["intensity", "noise", "colour"])
def test_intensity_presets_leave_the_reference_alone(preset: Preset) -> None:
    image, reference = example((3, 32, 40))
    assert torch.equal(augment(image, reference, preset, generator())[1], reference)


@pytest.mark.parametrize("preset", SPATIAL)
def test_volumes_are_changed_in_their_plane_all_slices_alike(preset: Preset) -> None:
    """Slice k of the changed volume is made of slice k alone: the volume's are the constants 0 to 5."""
    volume = torch.arange(6.0)[None, :, None, None].expand(1, 6, 24, 32).clone()
    draws = generator()
    for _ in range(4):
        moved, _ = augment(volume, torch.zeros(1, 6, 24, 32), preset, draws)
        assert torch.allclose(moved, volume, atol=1e-4)
    _, reference = example((1, 6, 24, 32))
    _, moved_reference = augment(volume, reference, preset, draws)
    assert torch.equal(moved_reference, moved_reference[:, :1].expand_as(moved_reference))


def test_flips_draw_two_numbers_an_image_as_a_batch_of_flips_did() -> None:
    """torch.rand(4, 2) < 0.5: left-right, then up-down, for each of four images in order."""
    images, references = torch.rand(4, 3, 5, 5), torch.rand(4, 1, 5, 5)
    choices = torch.rand(4, 2, generator=generator(3)) < 0.5
    draws = generator(3)
    for image, reference, (left_right, up_down) in zip(images, references, choices.tolist(), strict=True):
        axes = [-1] * left_right + [-2] * up_down
        new_image, new_reference = augment(image, reference, "flips", draws)
        assert torch.equal(new_image, image.flip(axes))
        assert torch.equal(new_reference, reference.flip(axes))


def test_a_zoom_above_1_enlarges_and_a_turn_keeps_the_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """A 20 x 20 square: zoomed by 1.5 it is 30 x 30 = 900; turned by 30 degrees it keeps its 400 pixels."""
    reference = torch.zeros(1, 64, 64)
    reference[0, 22:42, 22:42] = 1
    monkeypatch.setattr(augmentation, "MAX_ROTATION", 0.0)
    monkeypatch.setattr(augmentation, "ZOOM", (1.5, 1.5))
    _, zoomed = augment(reference, reference, "rotations", generator())
    assert float(zoomed.sum()) == pytest.approx(900, rel=0.01)
    monkeypatch.setattr(augmentation, "MAX_ROTATION", pi / 6)
    monkeypatch.setattr(augmentation, "ZOOM", (1.0, 1.0))
    _, turned = augment(reference, reference, "rotations", generator())
    assert float(turned.sum()) == pytest.approx(400, rel=0.03)
    assert not torch.equal(turned, reference)


def test_control_points_that_do_not_move_bend_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(augmentation, "ELASTIC_MAGNITUDE", (0.0, 0.0))
    monkeypatch.setattr(augmentation, "_flipped", lambda image, reference, _: (image, reference))
    for shape in SHAPES:
        image, reference = example(shape)
        new_image, new_reference = augment(image, reference, "elastic", generator())
        assert torch.allclose(new_image, image, atol=1e-4)
        assert torch.equal(new_reference, reference)


def test_colour_without_a_draw_is_the_image_and_grey_stays_grey_under_hue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(augmentation, "CHANNEL_GAIN", (1.0, 1.0))
    image, reference = example((3, 32, 40))
    grey = image[:1].expand(3, 32, 40)
    assert torch.allclose(augment(grey, reference, "colour", generator())[0], grey, atol=1e-5)
    monkeypatch.setattr(augmentation, "HUE", (0.0, 0.0))
    monkeypatch.setattr(augmentation, "SATURATION", (1.0, 1.0))
    assert torch.allclose(augment(image, reference, "colour", generator())[0], image, atol=1e-5)
    monkeypatch.setattr(augmentation, "SATURATION", (0.0, 0.0))
    washed_out, _ = augment(image, reference, "colour", generator())
    assert torch.allclose(washed_out[0], washed_out[2], atol=1e-5)


def test_colour_of_a_grey_image_is_refused_with_the_remedy() -> None:
    """The three channels of a volume are three sequences: they have no hue."""
    for channels, dims in ((1, 2), (2, 2), (3, 3)):
        with pytest.raises(ValueError, match=f"these are {dims}D with {channels} channels?: choose intensity"):
            check_augmentation("colour", channels, dims)
    with pytest.raises(ValueError, match="choose intensity"):
        augment(*example((1, 32, 40)), "colour", generator())
    for preset in PRESETS:
        check_augmentation(preset, 3, 2)


def test_a_constant_image_stays_constant() -> None:
    image, reference = torch.full((3, 32, 40), 0.5), torch.zeros(2, 32, 40)
    for preset in PRESETS:
        assert torch.allclose(augment(image, reference, preset, generator())[0], image, atol=1e-6)


def test_the_documentation_shows_every_preset_as_it_is() -> None:
    """The pictures are those that scripts/augmentation_pictures.py draws, but for 192 colours and rounding."""
    spec = spec_from_file_location("augmentation_pictures", ROOT / "scripts" / "augmentation_pictures.py")
    assert spec is not None
    assert spec.loader is not None
    script = module_from_spec(spec)
    spec.loader.exec_module(script)
    text = (ROOT / "docs" / "augmentations.md").read_text()
    for preset in PRESETS:
        assert f"## `{preset}`" in text
        assert f"(images/augmentations/{preset}.png)" in text
        path = ROOT / "docs" / "images" / "augmentations" / f"{preset}.png"
        assert path.stat().st_size < 150_000
        shown, drawn = Image.open(path).convert("RGB"), script.picture_row(preset)
        assert shown.size == drawn.size
        assert np.abs(np.asarray(shown, dtype=float) - np.asarray(drawn)).mean() < 3, preset
