"""What the two demos would make: settings that fit their data, and names that do not meet on one home."""

from pathlib import Path

import pytest

from fedsm.local.demo import FUNDUS_DEMO, Demo
from fedsm.local.demo_3d import PROSTATE_DEMO
from fedsm.synthetic_fundus.demo_sites import DEMO_SITES
from fedsm.synthetic_prostate import SITES as PROSTATE_SITES

DEMOS = (FUNDUS_DEMO, PROSTATE_DEMO)


def test_both_demos_fit_on_one_home() -> None:
    for field in ("folder", "federation"):
        assert len({getattr(demo, field) for demo in DEMOS}) == len(DEMOS)


@pytest.mark.parametrize("demo", DEMOS, ids=lambda demo: demo.folder)
def test_the_settings_fit_the_task(demo: Demo) -> None:
    """Volumes have no pixel range to divide by, and only they can have a 3D network."""
    assert demo.config.network.spatial_dims <= demo.task.dimensions
    assert (demo.config.data.intensity == "unit") == (demo.task.dimensions == 2)
    assert {strategy.name for strategy in demo.config.strategies} == {"fedsm", "fedavg", "local-only", "centralized"}


def test_the_demo_of_photographs_writes_its_sites(fundus_demo: Path) -> None:
    look_at([site.slug for site in DEMO_SITES], fundus_demo)


def test_the_demo_of_volumes_writes_its_sites(tmp_path: Path) -> None:
    slugs = PROSTATE_DEMO.write(tmp_path)
    assert slugs == [site.slug for site in PROSTATE_SITES]
    look_at(slugs, tmp_path)


def look_at(slugs: list[str], folder: Path) -> None:
    assert sorted(slugs) == sorted(path.name for path in folder.iterdir())
    for slug in slugs:
        images = sorted(path.name for path in (folder / slug / "images").iterdir())
        assert len(images) >= 8
        assert images == sorted(path.name for path in (folder / slug / "masks").iterdir())
