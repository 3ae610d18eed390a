"""Each form gives the platform's masks on raw test cases, in a process that has only the form's packages."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from huggingface_hub import ModelCard
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidArgument
from safetensors.torch import load_file

from backend.contracts.exports import FORMS, ExportForm
from tests.guide import lines_with
from tests.worker.exports import monai_schema
from tests.worker.exports.conftest import SETS, Made, Spoil
from tests.worker.predicting.trained import TrainedSet
from worker.engine.descriptors import describe_image
from worker.engine.transforms import resize
from worker.exports.descriptor_graph import Descriptors
from worker.exports.graphs import CannotExport, network_graph, selector_graph
from worker.exports.make import make_export
from worker.exports.portable import portable
from worker.predicting.model import open_model

#: A Hugging Face folder has the programs of torch-export, which volumes are tried with.
TRIED = [(kind, form) for kind in SETS for form in FORMS if (kind, form) != ("volumes", "hugging-face")]


@pytest.mark.parametrize(("kind", "form"), TRIED)
def test_masks_and_choices_are_the_platforms(
    made: Made, kind: str, form: ExportForm, request: pytest.FixtureRequest
) -> None:
    trained: TrainedSet = request.getfixturevalue(kind)
    folder, verified = made[kind, form]
    assert verified.num_images == len(trained.tested)
    assert verified.num_different <= 1e-5 * verified.num_voxels
    assert verified.num_voxels == sum(trained.mask(image).size for image in trained.tested)
    card = (folder / "README.md").read_text()
    assert f"on {verified.num_images} raw images" in card
    assert "looks at one image at a time" in card
    assert not list(folder.rglob("*.pyc"))


@pytest.mark.parametrize("kind", SETS)
def test_onnx_runs_at_other_sizes_and_batches(made: Made, kind: str, request: pytest.FixtureRequest) -> None:
    trained: TrainedSet = request.getfixturevalue(kind)
    folder, _ = made[kind, "onnx"]
    graph = network_graph(open_model(trained.archive), "global")
    session = onnxruntime.InferenceSession(folder / "global.onnx")
    space = (64, 40) if kind == "pictures" else (4, 48, 36)
    for batch in (1, 3):
        image = torch.rand(batch, trained.run.task.num_channels, *space)
        (found,) = session.run(None, {"image": image.numpy()})
        np.testing.assert_allclose(found, graph(image).detach().numpy(), atol=1e-5)


def test_the_super_model_is_one_graph_that_takes_each_branch(made: Made, pictures: TrainedSet) -> None:
    folder, _ = made["pictures", "onnx"]
    preparation = portable.load_preparation(folder)
    session = onnxruntime.InferenceSession(folder / "super.onnx")
    chosen, batches = set(), {}
    for image in [*pictures.tested]:
        pixels, spacing, _ = portable.read_image(image, preparation)
        prepared, unit, scan = portable.prepare(pixels, spacing, preparation)
        inputs = {"image": prepared[None], "unit": unit[None], "scan": scan}
        found, of_sites, index = session.run(["probabilities", "site_probabilities", "chosen"], inputs)
        model = preparation["models"][index.item()]
        route = pictures.tested[image].route
        assert route is not None
        assert model == route.chosen_model
        assert dict(zip(preparation["sites"], of_sites[0].tolist(), strict=True)) == pytest.approx(route.probabilities)
        alone = onnxruntime.InferenceSession(folder / f"{model}.onnx").run(None, {"image": prepared[None]})[0]
        np.testing.assert_array_equal(found, alone)
        chosen.add(model)
        batches.setdefault(model, (inputs, index, found))
    assert len(chosen) > 2
    together = list(batches.values())
    batch = {name: np.concatenate([inputs[name] for inputs, _, _ in together]) for name in ("image", "unit")}
    found, index = session.run(["probabilities", "chosen"], batch | {"scan": together[0][0]["scan"]})
    np.testing.assert_array_equal(index, np.concatenate([index for _, index, _ in together]))
    np.testing.assert_array_equal(found, np.concatenate([alone for _, _, alone in together]))


def test_the_super_model_of_volumes_is_one_graph_too(made: Made, volumes: TrainedSet) -> None:
    """A volume's slices are a batch for the selector, and there is one choice."""
    folder, _ = made["volumes", "onnx"]
    preparation = portable.load_preparation(folder)
    session = onnxruntime.InferenceSession(folder / "super.onnx")
    for image in list(volumes.tested)[:2]:
        pixels, spacing, _ = portable.read_image(image, preparation)
        prepared, unit, scan = portable.prepare(pixels, spacing, preparation)
        inputs = {"image": prepared[None], "unit": portable.selector_batch(unit), "scan": scan}
        found, (number,) = session.run(["probabilities", "chosen"], inputs)
        route = volumes.tested[image].route
        assert route is not None
        assert preparation["models"][int(number)] == route.chosen_model
        alone = onnxruntime.InferenceSession(folder / f"{route.chosen_model}.onnx")
        np.testing.assert_array_equal(found, alone.run(None, {"image": prepared[None]})[0])


def test_the_super_model_takes_other_sizes_and_no_batch_that_does_not_fit(made: Made, pictures: TrainedSet) -> None:
    session = onnxruntime.InferenceSession(made["pictures", "onnx"][0] / "super.onnx")
    draws = np.random.default_rng(0)
    batch = {name: draws.random((3, 3, 40, 64), dtype=np.float32) for name in ("image", "unit")} | {"scan": np.zeros(4)}
    found, chosen = session.run(["probabilities", "chosen"], batch)
    assert (found.shape, chosen.shape) == ((3, len(pictures.run.task.structures), 40, 64), (3,))
    for short in ("image", "unit"):
        with pytest.raises((Fail, InvalidArgument), match="out of data bounds"):
            session.run(None, batch | {short: batch[short][:2]})
    of_volumes = onnxruntime.InferenceSession(made["volumes", "onnx"][0] / "super.onnx")
    two = {"image": np.zeros((2, 1, 8, 32, 32), np.float32), "unit": np.zeros((8, 1, 32, 32), np.float32)}
    with pytest.raises((Fail, InvalidArgument), match="invalid dimensions"):
        of_volumes.run(None, two | {"scan": np.zeros(4)})


@pytest.mark.parametrize(("kind", "space"), [("pictures", (64, 40)), ("volumes", (6, 20, 44))])
def test_torch_programs_run_at_other_sizes_and_batches(
    made: Made, kind: str, space: tuple[int, ...], request: pytest.FixtureRequest
) -> None:
    trained: TrainedSet = request.getfixturevalue(kind)
    folder, _ = made[kind, "torch-export"]
    predictor, model = open_model(trained.archive), f"personalized/{trained.run.sites[-1]}"
    image = torch.rand(3, trained.run.task.num_channels, *space)
    found = torch.export.load(folder / f"{model}.pt2").module()(image)
    torch.testing.assert_close(found, network_graph(predictor, model)(image))
    unit, scan = torch.rand(5, trained.run.task.num_channels, 40, 64), torch.zeros(4, dtype=torch.float64)
    graph = selector_graph(predictor)
    assert graph is not None
    torch.testing.assert_close(torch.export.load(folder / "selector.pt2").module()(unit, scan), graph(unit, scan))


@pytest.mark.parametrize(("kind", "bundle"), [("pictures", "super_model"), ("volumes", "global")])
def test_monais_own_commands_take_the_bundle(
    made: Made, kind: str, bundle: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The metadata by what MONAI's schema asks for, in place of the file that it fetches from the web."""
    trained: TrainedSet = request.getfixturevalue(kind)
    root = made[kind, "monai"][0] / bundle
    image = next(iter(trained.tested))
    files = ["--config_file", "configs/inference.json", "--meta_file", "configs/metadata.json"]
    of_guide = lines_with("monai.bundle run", "bash").replace("\\\n", "").replace("IMAGE", str(image))
    runs = shlex.split(of_guide.replace("--output_dir masks", f"--output_dir {tmp_path}"))
    assert runs[:3] == ["python", "-m", "monai.bundle"]
    metadata = ["--meta_file", _with_schema(root, tmp_path), "--filepath", str(tmp_path / "fetched.json")]
    printed = monai(
        root,
        ["verify_net_in_out", "network_def", *files, "--device", "cpu", "--n", "16"],
        runs[3:],
        ["verify_metadata", *metadata],
    )
    line = json.loads(next(line for line in printed.splitlines() if line.startswith("{")))
    assert [Path(path).is_file() for path in line["masks"]] == [True, True]
    assert line["chosen"] == "global" or bundle == "super_model"
    assert "verified with no error" in printed


def _with_schema(root: Path, folder: Path) -> str:
    """The path of the bundle's metadata that names a copy of MONAI's schema on this machine."""
    (folder / "schema.json").write_text(json.dumps(monai_schema.monais_schema()))
    metadata = json.loads((root / "configs" / "metadata.json").read_text())
    assert metadata["schema"].endswith(f"/{monai_schema.NAME}")
    (folder / "metadata.json").write_text(json.dumps(metadata | {"schema": (folder / "schema.json").as_uri()}))
    return str(folder / "metadata.json")


#: MONAI takes seconds to be imported, so its commands run one after the other in one process.
COMMANDS = """
import json, runpy, sys
for arguments in json.loads(sys.argv[1]):
    sys.argv = ["monai.bundle", *arguments]
    runpy.run_module("monai.bundle", run_name="__main__", alter_sys=True)
"""


def monai(root: Path, *commands: list[str]) -> str:
    """What `python -m monai.bundle` prints for each of the commands."""
    command = [sys.executable, "-c", COMMANDS, json.dumps(commands)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout + done.stderr


def test_a_form_with_other_masks_is_not_given_out(
    made: Made, pictures: TrainedSet, spoil: Spoil, tmp_path: Path
) -> None:
    """As a preparation that was forgotten would make it: here the portable code cuts elsewhere."""
    spoil("onnx", made["pictures", "onnx"][0], "tuple(space)) > 0.5", "tuple(space)) > 0.45")
    target = tmp_path / "out.zip"
    with pytest.raises(CannotExport, match=r"voxels differ in \d+ images, more than rounding explains"):
        make_export(open_model(pictures.archive), "onnx", list(pictures.tested), target, lambda step: None)
    assert not target.exists()


def test_a_form_that_does_not_run_is_not_given_out(
    made: Made, pictures: TrainedSet, spoil: Spoil, tmp_path: Path
) -> None:
    spoil("torch-export", made["pictures", "torch-export"][0], "import sys\n", "import sys\nimport sqlalchemy\n")
    target = tmp_path / "out.zip"
    with pytest.raises(CannotExport, match="No module named 'sqlalchemy'"):
        make_export(open_model(pictures.archive), "torch-export", list(pictures.tested), target, lambda step: None)
    assert not target.exists()


@pytest.mark.parametrize("shape", [(3, 64, 64), (3, 40, 44), (1, 33, 51)])
def test_the_graphs_descriptors_are_those_of_the_engine(shape: tuple[int, ...]) -> None:
    image = torch.rand(2, *shape, generator=torch.Generator().manual_seed(1)) ** 2
    image[:, :, : shape[1] // 2] *= 0.2
    expected = np.stack([describe_image(each.numpy()) for each in image])
    np.testing.assert_allclose(Descriptors()(image).numpy(), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("source", "target"),
    [((2, 40, 44), (32, 32)), ((2, 32, 32), (40, 44)), ((2, 10, 24, 20), (8, 32, 32)), ((2, 8, 32, 32), (10, 24, 20))],
)
def test_the_portable_resize_is_that_of_pytorch(source: tuple[int, ...], target: tuple[int, ...]) -> None:
    planes = np.random.default_rng(0).random(source, dtype=np.float32)
    expected = resize(torch.from_numpy(planes), target).numpy()
    np.testing.assert_allclose(portable.resize(planes, target), expected, atol=3e-6)


def test_a_hugging_face_folder_has_weights_settings_and_a_card_with_metadata(made: Made, pictures: TrainedSet) -> None:
    folder, _ = made["pictures", "hugging-face"]
    weights = load_file(folder / "model.safetensors")
    assert weights.keys() == open_model(pictures.archive).load_part("global").keys()
    assert (folder / "selector.safetensors").exists()
    config = json.loads((folder / "config.json").read_text())
    assert config["id2label"] == {str(i): s.name for i, s in enumerate(pictures.run.task.structures)}
    card = ModelCard.load(folder / "README.md")
    assert (card.data.pipeline_tag, card.data.library_name) == ("image-segmentation", "pytorch")
    assert "medical-imaging" in (card.data.tags or ())
    assert card.text.strip().startswith("# Hugging Face folder of a model")
