"""A finished run's models: what is downloaded is what the run made, and nothing that only training needs."""

import hashlib
import io
import json
import sys
import zipfile
from pathlib import Path

import pytest
import torch
from mlflow import MlflowClient
from safetensors.torch import load
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from typer.testing import CliRunner

from backend import VERSION
from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.methods.one_global import ScaffoldConfig
from backend.contracts.methods.references import FedAvgConfig
from backend.contracts.selector_configs import LdaSelector
from backend.contracts.student import Taught
from backend.contracts.tasks import RunSpec
from backend.datasets.schemas import DatasetCreate
from backend.experiments.schemas import ExperimentRecord
from backend.sites.schemas import SiteCreate
from backend.trained_models.schemas import ModelPart
from fedsm.cli.app import app
from fedsm.client import ApiError
from fedsm.measured import tag_of
from tests.integration.in_process import manifest_of
from tests.integration.live_platform import LivePlatform
from tests.integration.runs import await_experiment, hashes_of
from tests.integration.tiny_data import NUM_CASES, SITES, TASK, tiny_config, write_sites
from worker.engine.checkpoint import from_bytes, to_bytes
from worker.engine.descriptors import descriptor_floors
from worker.engine.selectors.lda import solve_lda
from worker.engine.state import State, Tensors
from worker.engine.strategies.base import SiteContext
from worker.engine.strategies.student import taught_state
from worker.jobs.build import build_plan, strategy_of
from worker.jobs.case_loading import load_participant_data
from worker.stores.data_cache import DataCache

STRATEGIES = (FedSMConfig(selector=LdaSelector(minimum_cases=2)), ScaffoldConfig())
SGD = {"rounds": 2, "batch_size": 2, "optimizer": "sgd", "momentum": 0.0}


@pytest.fixture(scope="module")
def experiment(platform: LivePlatform, sites: dict[str, Path]) -> ExperimentRecord:
    federation = platform.add_federation("Models", TASK, sites)
    config = tiny_config(*STRATEGIES, schedule=SGD)
    return await_experiment(platform, platform.start_experiment(federation, "Two methods", config))


def test_the_set_names_what_predicts(platform: LivePlatform, experiment: ExperimentRecord) -> None:
    run = experiment.runs[0]
    found = platform.client.model_set(run.id)
    assert run.best_round is not None
    state = hashes_of(platform, run)[run.best_round]
    expected = {name: sha for name, sha in state.items() if not name.startswith("selector_")}
    assert {part.name: part.sha256 for part in found.parts} == expected
    assert any(name.startswith("selector_moments/") for name in state)
    assert found.sites == list(SITES)
    assert {row.site_slug: row.num_cases for row in found.data} == NUM_CASES
    assert found.code_version == VERSION
    changed = {setting.path: (setting.value, setting.default) for setting in found.changed_settings}
    assert changed["schedule.rounds"] == ("2", "100")
    assert changed["network.channels"][0] == "4, 8"
    assert "data.normalization" not in changed
    assert [score.model for score in found.scores] == ["global", "personalized", "super"]
    cells = platform.client.results(experiment.id).cells
    for score in found.scores:
        (cell,) = [
            cell
            for cell in cells
            if (cell.strategy_label, cell.model, cell.site_slug, cell.structure)
            == (run.strategy_label, score.model, None, None)
        ]
        assert score.dice == pytest.approx(cell.mean)
    sets = platform.client.model_sets(experiment.federation_id)
    assert {row.run_id for row in sets} == {run.id for run in experiment.runs}
    scaffold = next(row for row in sets if row.strategy.name == "scaffold")
    assert [part.name for part in scaffold.parts] == ["global"]


def test_the_archive_holds_the_files_and_a_card_and_its_bytes_do_not_change(
    platform: LivePlatform, experiment: ExperimentRecord
) -> None:
    run = experiment.runs[0]
    found = platform.client.model_set(run.id)
    content = platform.client.artifact(found.download_url)
    assert platform.client.artifact(found.download_url) == content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert set(archive.namelist()) == {"README.md", "model.json", *(f"{p.name}.safetensors" for p in found.parts)}
        for part in found.parts:
            data = archive.read(f"{part.name}.safetensors")
            assert data == platform.client.artifact(part.url)
            assert len(data) == part.num_bytes
            assert load(data)
        assert json.loads(archive.read("model.json"))["config"]["network"]["channels"] == [4, 8]
        card = archive.read("README.md").decode()
    assert "not a medical device" in card
    assert f"Trained with FedSM Studio {VERSION}." in card
    assert all(part.sha256 in card for part in found.parts)


@pytest.mark.parametrize("form", ["tensorboard", "mlflow"])
def test_the_numbers_of_a_run_are_read_back_by_the_tools_that_they_are_for(
    platform: LivePlatform, experiment: ExperimentRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    run = experiment.runs[0]
    arguments = ["--form", form, "--out", str(tmp_path), "--to", f"file:{tmp_path}", "--server", platform.client.server]
    arguments += ["--token", platform.admin_token]
    done = CliRunner().invoke(app, ["run", "export-metrics", run.id, *arguments])
    assert done.exit_code == 0, done.output
    metrics = platform.client.run_metrics(run.id)
    expected = {(tag_of(metric), metric.round): metric.value for metric in metrics}
    assert len(expected) > 20
    if form == "tensorboard":
        (folder,) = tmp_path.iterdir()
        read = EventAccumulator(str(folder), size_guidance={"scalars": 0})
        read.Reload()
        found = {(tag, event.step): event.value for tag in read.Tags()["scalars"] for event in read.Scalars(tag)}
        assert found == pytest.approx(expected, abs=1e-6)
        return
    client = MlflowClient(f"file:{tmp_path}")
    (logged,) = client.search_runs([client.get_experiment_by_name(experiment.name).experiment_id])
    assert (logged.data.tags["fedsm.run"], logged.data.params["schedule.rounds"]) == (run.id, "2")
    last = {tag: value for (tag, _), value in sorted(expected.items(), key=lambda entry: entry[0][1])}
    assert sorted(logged.data.metrics.values()) == pytest.approx(sorted(last.values()))


def test_a_form_is_made_by_command_on_the_server_and_without_it(
    platform: LivePlatform, experiment: ExperimentRecord, sites: dict[str, Path], tmp_path: Path
) -> None:
    """Of the run with one model; both ways give the same graph."""
    run = next(run for run in experiment.runs if run.strategy.name == "scaffold")
    model, image = tmp_path / "model.zip", sites["site-a"] / "images" / "case-00.png"
    model.write_bytes(platform.client.artifact(platform.client.model_set(run.id).download_url))
    asked = [run.id, "--server", platform.client.server, "--token", platform.admin_token]
    made = {}
    for name, arguments in (("there", asked), ("here", [str(model), "--image", str(image)])):
        target = tmp_path / f"{name}.zip"
        command = ["model", "export", *arguments, "--form", "onnx", "--out", str(target), "--watch"]
        done = CliRunner().invoke(app, command)
        assert done.exit_code == 0, done.output
        assert f"saved {target}: tried on {6 if name == 'there' else 1} raw images; 0 of " in done.stdout
        assert "Writes model 1 of 1" in done.stderr or name == "there"  # a quick worker may be further when it is asked
        with zipfile.ZipFile(target) as archive:
            made[name] = {file: archive.read(file) for file in ("global.onnx", "preparation.json", "predict_onnx.py")}
    assert made["there"] == made["here"]
    (listed,) = json.loads(CliRunner().invoke(app, ["model", "exports", *asked, "--json"]).stdout)
    assert (listed["form"], listed["status"], listed["num_different"]) == ("onnx", "completed", 0)
    refused = CliRunner().invoke(app, ["model", "export", str(model), "--form", "onnx"])
    assert (refused.exit_code, "name an image with --image" in refused.output) == (2, True)


def test_an_unfinished_run_has_no_set(platform: LivePlatform, experiment: ExperimentRecord) -> None:
    waiting = platform.client.create_experiment(
        experiment.federation_id, "Never started", tiny_config(FedAvgConfig()), ""
    )
    with pytest.raises(ApiError, match="once it is completed"):
        platform.client.model_set(waiting.runs[0].id)


def test_a_site_is_added_to_the_selector_by_workers(
    platform: LivePlatform, experiment: ExperimentRecord, tmp_path: Path
) -> None:
    run, client = experiment.runs[0], platform.client
    version = client.post_json(f"/runs/{run.id}/versions", {"name": "discs"})
    site = client.create_site(experiment.federation_id, SiteCreate(name="site-d", slug="site-d"))
    folder = write_sites(tmp_path, seed=9)["site-b"]
    data = client.register_dataset(site.id, DatasetCreate(name="cases", folder=str(folder)))
    platform.await_check(data.id)
    made = await_experiment(platform, client.add_site_to_model(version["id"], datasets=[data.id]))
    (added,) = made.runs
    assert (added.status, added.best_round) == ("completed", 1)
    before, after = (client.model_set(each.id) for each in (run, added))
    assert after.sites == [*SITES, "site-d"]
    old, new = ({part.name: part for part in each.parts} for each in (before, after))
    assert {name for name in old if old[name].sha256 != new[name].sha256} == {"selector"}
    assert new["personalized/site-d"].sha256 == old["global"].sha256
    state = hashes_of(platform, added)[1]
    of_state = "/api/v1/artifacts/"
    sums = {name: client.artifact(of_state + state[f"selector_moments/{name}"]) for name in after.sites}
    moments = {name: load(content) for name, content in sums.items()}
    floors = torch.from_numpy(descriptor_floors(3, is_volume=False))
    solved, kept = solve_lda(moments, LdaSelector().shrinkage, floors), load(client.artifact(new["selector"].url))
    for key, expected in solved.items():
        torch.testing.assert_close(kept[key], expected, rtol=1e-9, atol=1e-9 * float(expected.abs().max()))
    (sent,) = [task for task in client.run_tasks(added.id) if task.kind == "train_site"]
    assert sent.bytes_down == 0
    assert sent.bytes_up == len(sums["site-d"])
    route, *_ = client.run_cases(added.id).cases
    assert set(route.probabilities or ()) == set(after.sites)


def test_a_student_is_trained_by_workers_to_the_bits_of_one_process(
    platform: LivePlatform, experiment: ExperimentRecord, sites: dict[str, Path]
) -> None:
    torch.set_num_threads(1)
    run, client = experiment.runs[0], platform.client
    asked = client.post_json(f"/runs/{run.id}/students", {"rounds": 2, "temperature": 3.0})
    made = await_experiment(platform, ExperimentRecord.model_validate(asked))
    (taught,) = made.runs
    assert taught.status == "completed", taught.failure
    found = hashes_of(platform, taught)
    begun = {part.name: load_part(platform, part) for part in client.model_set(run.id).parts}
    spec = RunSpec(
        run_id=taught.id,
        config=made.config,
        strategy=FedAvgConfig(),
        seed=taught.seed,
        task=TASK,
        sites=SITES,
        taught=Taught(run_id=run.id, round=2, title="teacher", strategy=STRATEGIES[0], temperature=3.0),
    )
    plan, strategy = build_plan(spec, torch.device("cpu")), strategy_of(spec)
    manifests = tuple(manifest_of(slug, folder, TASK) for slug, folder in sites.items())
    data = {site.site: site for site in load_participant_data(spec, manifests, DataCache(sys.maxsize))}
    state, kept = taught_state(begun), dict.fromkeys(SITES, State())
    for round_ in range(3):
        assert {name: hashlib.sha256(to_bytes(part)).hexdigest() for name, part in state.items()} == found[round_]
        if round_ == 2:
            break
        updates = {}
        for site in SITES:
            context = SiteContext(plan, site, round_ + 1, kept[site], lambda _: None, state.__getitem__)
            updates[site] = strategy.train_site({"global": state["global"]}, (data[site],), context)
            kept[site] = updates[site].local_state
        state = strategy.aggregate(state, updates, plan, round_ + 1)
    (row,) = client.students(run.id)
    assert [score.site_slug for score in row.scores] == [None, *SITES]
    pooled = next(score for score in client.model_set(taught.id).scores if score.model == "global")
    assert row.scores[0].student == pytest.approx(pooled.dice)
    assert [part.name for part in client.model_set(taught.id).parts] == ["global"]


def load_part(platform: LivePlatform, part: ModelPart) -> Tensors:
    return from_bytes(platform.client.artifact(part.url))
