"""Which engine runs a site's containers: commands that people are told name it."""

from pathlib import Path

import pytest

from fedsm.site_agent import site_home


def test_podman_is_known_by_the_file_that_it_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = tmp_path / ".containerenv"
    monkeypatch.setattr(site_home, "PODMAN_MARK", mark)
    assert site_home.container_engine() == "docker"
    mark.touch()
    assert site_home.container_engine() == "podman"
