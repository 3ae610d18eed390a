"""`fedsm dataset check` without a server; `fedsm dataset add` and `fedsm federation ...` on real workers."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from backend.contracts.datasets import SitePolicy
from backend.datasets.schemas import CaseRecord
from backend.federations.schemas import FederationRecord
from backend.sites.schemas import SiteCreate, SiteUpdate
from fedsm.synthetic_prostate import PROSTATE_TASK, write_prostate_sites
from tests.forked import fedsm_in_fork
from tests.integration.live_platform import LivePlatform
from tests.integration.test_cli import fedsm
from tests.integration.tiny_data import NUM_CASES, TASK, write_sites


def offline(home: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """No server is known, no environment set."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("FEDSM_")}
    return fedsm_in_fork((*arguments, "--home", str(home)), environment)


def write_task(path: Path) -> str:
    path.write_text(yaml.safe_dump(TASK.model_dump(mode="json")))
    return str(path)


def test_a_folder_is_checked_without_a_server(tmp_path: Path, sites: dict[str, Path]) -> None:
    task = write_task(tmp_path / "task.yaml")
    done = offline(tmp_path, "dataset", "check", str(sites["site-a"]), "--task", task, "--layout", "folders", "--json")
    assert done.returncode == 0, done.stderr
    cases = json.loads(done.stdout)
    assert len(cases) == NUM_CASES["site-a"]
    assert set(cases[0]["structure_shares"]) == {"optic disc", "optic cup"}


def test_volumes_are_checked_without_a_server(tmp_path: Path) -> None:
    (slug,) = write_prostate_sites(tmp_path / "sites", seed=0, detail=0.5, num_cases=[3])
    site = tmp_path / "sites" / slug
    task = tmp_path / "task.json"
    task.write_text(PROSTATE_TASK.model_dump_json())
    done = offline(tmp_path, "dataset", "check", str(site), "--task", str(task))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 of 3 cases can be used" in done.stdout
    wrong = offline(tmp_path, "dataset", "check", str(site), "--channels", "1", "--json")
    assert wrong.returncode == 1
    assert {case["reason_code"] for case in json.loads(wrong.stdout)} == {"wrong_dimensions"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--layout", "zip"), "layout: Input should be 'auto', 'folders', 'per_structure', 'datalist', 'nnunet'"),
        (("--layout", "nnunet"), "has no folder imagesTr/"),
        (("--train", "0.9", "--val", "0.2"), "must be less than 1"),
        (("--patient-pattern", "case"), "put parentheses around the patient's part"),
        (("--task", "absent.yaml"), "absent.yaml cannot be read"),
        (("--structure", "disc=1", "--task", "x.yaml"), "keep one of them"),
    ],
)
def test_wrong_options_are_refused(
    tmp_path: Path, sites: dict[str, Path], arguments: tuple[str, ...], words: str
) -> None:
    done = offline(tmp_path, "dataset", "check", str(sites["site-a"]), *arguments)
    assert done.returncode == 2, done.stdout
    assert words in done.stderr


@pytest.fixture(scope="module")
def federation(platform: LivePlatform, tmp_path_factory: pytest.TempPathFactory) -> FederationRecord:
    """Site A has 10 cases of its own; B has the same folder under another seed of the split."""
    folder = write_sites(tmp_path_factory.mktemp("shared"), seed=3)["site-a"]
    made = platform.client.create_federation("Data from the shell", "", TASK)
    for name, seed in (("A", "0"), ("B", "1")):
        platform.client.create_site(made.id, SiteCreate(name=name))
        add = ("dataset", "add", name.lower(), str(folder), "--federation", made.name, "--seed", seed, "--name", name)
        done = fedsm(platform, *add)
        assert done.returncode == 0, done.stderr
        assert "10 of 10 cases used" in done.stdout
    return platform.client.federation(made.id)


def test_statistics_from_the_shell(platform: LivePlatform, federation: FederationRecord) -> None:
    """10 cases are 6 train, 2 val, 2 test (0.6, 0.15 rounded up, the rest): all below the 10 of the default policy."""
    done = fedsm(platform, "federation", "statistics", "--federation", federation.name)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("<10") == 6
    found = json.loads(fedsm(platform, "federation", "statistics", "--federation", federation.name, "--json").stdout)
    assert [site["num_cases"] for site in found["sites"]] == [0, 0]


def test_federations_and_sites_are_listed_from_the_shell(platform: LivePlatform, federation: FederationRecord) -> None:
    listed = json.loads(fedsm(platform, "federation", "list", "--json").stdout)
    assert federation.name in [record["name"] for record in listed]
    found = json.loads(fedsm(platform, "federation", "sites", "--federation", federation.name, "--json").stdout)
    assert [(site["name"], site["policy"]["allowed_strategies"]) for site in found] == [("A", None), ("B", None)]
    done = fedsm(platform, "federation", "sites", "--federation", federation.name)
    assert done.returncode == 0, done.stderr
    assert "thumbnails" in done.stdout


def test_statistics_of_equal_sites_are_equal(platform: LivePlatform, federation: FederationRecord) -> None:
    """With a threshold of 1 everything is told; the same files in other splits are 0 apart."""
    for site in federation.sites:
        platform.client.update_site(site.id, SiteUpdate(policy=SitePolicy(minimum_count=1)))
    found = platform.client.statistics(federation.id)
    assert [site.num_cases for site in found.sites] == [10, 10]
    (distance,) = found.distances
    assert distance.overall == pytest.approx(0, abs=1e-6)
    assert found.sites[0].intensity_histogram == pytest.approx(found.sites[1].intensity_histogram)
    assert sum(found.sites[0].intensity_histogram) == pytest.approx(1)
    assert found.sites[0].size is not None
    assert [axis.mean for axis in found.sites[0].size] == [40, 44]


def test_leakage_from_the_shell(platform: LivePlatform, federation: FederationRecord) -> None:
    """Every case of A is one of B's, too; those that are tested at one site and not at the other are serious."""
    done = fedsm(platform, "federation", "leakage", "--federation", federation.name)
    report = platform.client.leakage(federation.id)
    exact = [pair for pair in report.pairs if pair.kind == "exact"]
    assert len(exact) == 10
    assert all(pair.cases[0].name == pair.cases[1].name for pair in exact)
    tested = {site: {c.name for c in cases if c.split == "test"} for site, cases in cases_of(platform, federation)}
    serious = {pair.cases[0].name for pair in exact if pair.is_serious}
    assert serious == tested["a"] ^ tested["b"]
    assert serious
    assert done.returncode == 1
    assert "have the same pixels. Remove one of the two" in done.stdout


def cases_of(platform: LivePlatform, federation: FederationRecord) -> list[tuple[str, list[CaseRecord]]]:
    return [
        (record.site_slug, platform.client.dataset_cases(record.id))
        for record in platform.client.datasets(federation.id)
    ]


def test_a_registration_is_refused_before_the_check(platform: LivePlatform, federation: FederationRecord) -> None:
    add = ("dataset", "add", "a", "/data/list.json", "--federation", federation.name, "--layout", "nnunet")
    done = fedsm(platform, *add, "--name", "other")
    assert done.returncode == 2
    assert "layout = nnunet: does not fit the file /data/list.json" in done.stderr
    relative = fedsm(platform, "dataset", "add", "a", "data", "--federation", federation.name, "--name", "other")
    assert relative.returncode == 2
    assert "give the absolute path" in relative.stderr
    unknown = fedsm(platform, "dataset", "add", "z", "/data", "--federation", federation.name)
    assert unknown.returncode == 2
    assert "has no site 'z'; its sites: a, b" in unknown.stderr


def write_repairable_folder(folder: Path) -> None:
    """Ten cases; three masks are twice as large as their images."""
    generator = np.random.default_rng(0)
    images = {f"{number:02d}": generator.normal(128, 40, (48, 48)) for number in range(10)}
    mask = Image.fromarray(np.kron([[0, 1], [2, 0]], np.ones((24, 24))).astype(np.uint8))
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    for name, image in images.items():
        colours = np.repeat(np.clip(image, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
        Image.fromarray(colours).save(folder / "images" / f"{name}.png")
        (mask.resize((96, 96)) if name in ("01", "02", "03") else mask).save(folder / "masks" / f"{name}.png")


def test_repairs_are_tried_and_looked_at_without_a_server(tmp_path: Path) -> None:
    write_repairable_folder(tmp_path / "data")
    check = ("dataset", "check", str(tmp_path / "data"), "--task", write_task(tmp_path / "task.yaml"))
    plain = offline(tmp_path, *check)
    assert plain.returncode == 1, plain.stderr
    assert "skipped cases that can be used with --repair resize_masks (3 cases)" in plain.stdout
    seen = tmp_path / "seen"
    mended = offline(tmp_path, *check, "--repair", "resize_masks", "--pictures", str(seen))
    assert mended.returncode == 0, mended.stdout + mended.stderr
    assert f"repaired: --repair resize_masks (3 cases); their pictures are in {seen}" in mended.stdout
    assert sorted(path.name for path in seen.iterdir()) == ["01.jpg", "02.jpg", "03.jpg"]
