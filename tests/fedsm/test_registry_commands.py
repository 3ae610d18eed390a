"""`fedsm model verify`: a saved version that was changed is found without a server."""

import base64
import hashlib
import json
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from backend.link.keys import SigningKey
from fedsm.cli.app import app

KEY = SigningKey.from_seed(b"k" * 32)


def saved(path: Path, **changed: bytes) -> Path:
    """A version of one file; `changed` replaces or adds entries after it was signed."""
    content = b"weights"
    files = {"global.safetensors": hashlib.sha256(content).hexdigest()}
    statement = json.dumps({"model": "fundus", "version": 2, "run": "r1", "files": files}).encode()
    signature = {"signature": base64.b64encode(KEY.sign(statement)).decode(), "public_key": KEY.public.text}
    entries = {
        "README.md": b"a card",
        "global.safetensors": content,
        "statement.json": statement,
        "signature.json": json.dumps(signature).encode(),
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in (entries | {name.replace("_json", ".json"): data for name, data in changed.items()}).items():
            archive.writestr(name, data)
    return path


def test_a_whole_version_is_said_to_be_whole(tmp_path: Path) -> None:
    file = saved(tmp_path / "a.zip")
    done = CliRunner().invoke(app, ["model", "verify", str(file), "--fingerprint", KEY.public.fingerprint])
    assert (done.exit_code, done.output) == (
        0,
        "fundus:2 of run r1 is whole: every file is signed but README.md, which holds people's notes\n",
    )


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"global.safetensors": b"other weights"}, "global.safetensors is not the file that was signed"),
        ({"statement_json": b'{"files": {}}'}, "a signature that does not fit its statement"),
        ({"personalized/a.safetensors": b"more"}, "holds personalized/a.safetensors, which is not signed"),
    ],
)
def test_a_changed_version_is_refused(tmp_path: Path, changed: dict[str, bytes], said: str) -> None:
    done = CliRunner().invoke(app, ["model", "verify", str(saved(tmp_path / "a.zip", **changed))])
    assert (done.exit_code, said in " ".join(done.output.split())) == (1, True), done.output


def test_another_servers_version_is_refused(tmp_path: Path) -> None:
    other = SigningKey.from_seed(b"o" * 32).public.fingerprint
    done = CliRunner().invoke(app, ["model", "verify", str(saved(tmp_path / "a.zip")), "--fingerprint", other])
    assert (done.exit_code, f"not by {other}" in " ".join(done.output.split())) == (1, True)
    (tmp_path / "b.zip").write_bytes(b"no zip")
    assert CliRunner().invoke(app, ["model", "verify", str(tmp_path / "b.zip")]).exit_code == 1
