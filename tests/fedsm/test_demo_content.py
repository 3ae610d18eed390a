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


@pytest.mark.parametrize(("demo", "sites"), [(FUNDUS_DEMO, DEMO_SITES), (PROSTATE_DEMO, PROSTATE_SITES)])
def test_a_demo_writes_its_sites(demo: Demo, sites: tuple[object, ...], tmp_path: Path) -> None:
    slugs = demo.write(tmp_path)
    assert slugs == [site.slug for site in sites] == sorted(path.name for path in tmp_path.iterdir())
    for slug in slugs:
        images = sorted(path.name for path in (tmp_path / slug / "images").iterdir())
        assert len(images) >= 8
        assert images == sorted(path.name for path in (tmp_path / slug / "masks").iterdir())
