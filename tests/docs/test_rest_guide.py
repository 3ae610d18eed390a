"""docs/rest.md does what it says: its commands are run as they stand, against a running platform."""

import json
import os
import re
import subprocess
import zipfile
from pathlib import Path

import nibabel
import numpy as np

from tests.integration.live_platform import LivePlatform
from tests.integration.tiny_data import HEIGHT, WIDTH, write_sites

GUIDE = Path(__file__).resolve().parent.parent.parent / "docs" / "rest.md"


def test_the_guides_commands_take_a_run_from_nothing_to_a_mask(tmp_path: Path, valkey_url: str) -> None:
    script = "\n".join(re.findall(r"```bash\n(.*?)```", GUIDE.read_text(), flags=re.DOTALL))
    write_sites(tmp_path / "data")
    (tmp_path / "home").mkdir()
    with LivePlatform(folder=tmp_path / "home", redis_url=valkey_url) as platform:
        environment = os.environ | {
            "SERVER": platform.client.server,
            "TOKEN": platform.admin_token,
            "DATA": str(tmp_path / "data"),
        }
        result = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "site-a ready 10 cases used, 0 skipped" in result.stdout
    assert "fedavg" in result.stdout.lower()
    assert "bytes kept" in result.stdout
    assert "toprule" in (tmp_path / "table.tex").read_text()
    assert {row["model"] for row in json.loads((tmp_path / "matrix.json").read_text())["rows"]} >= {"global", "super"}
    assert json.loads((tmp_path / "selector.json").read_text())["groups"]
    assert zipfile.is_zipfile(tmp_path / "model.zip")
    mask = np.asanyarray(nibabel.load(tmp_path / "mask.nii.gz").dataobj)
    assert mask.shape[:2] == (WIDTH, HEIGHT)
    assert set(np.unique(mask)) <= {0, 1, 2, 3}
