"""MONAI is loaded without what it could work with, and nothing else notices."""

import json
import subprocess
import sys

from worker.engine.monai_alone import UNUSED

SCRIPT = """
import importlib, importlib.util, json, sys
import worker.engine.losses
loaded = [name for name in {unused!r} if name in sys.modules]
there = [name for name in {unused!r} if importlib.util.find_spec(name)]
for name in there:
    importlib.import_module(name)
import scipy
print(json.dumps({{"loaded": loaded, "there": there, "later": [name for name in there if name in sys.modules]}}))
"""


def test_what_monai_is_loaded_without_can_be_imported_afterwards():
    code = SCRIPT.format(unused=UNUSED)
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found = json.loads(answer.stdout.splitlines()[-1])
    assert found["loaded"] == []
    assert {"mlflow", "tensorboard", "scipy.signal", "nibabel"} <= set(found["there"])
    assert found["later"] == found["there"]
