"""Masks by the bundle with the routing: `python predict_monai.py IMAGE... --out DIR`. Apache-2.0.

It is what `python -m monai.bundle run` does in the bundle's folder.
"""

import argparse
import json
import os
import sys
from pathlib import Path

parser = argparse.ArgumentParser(description="Masks of images by a MONAI bundle of FedSM Studio.")
parser.add_argument("images", nargs="+", type=Path)
parser.add_argument("--out", type=Path, default=Path("masks"))
parser.add_argument(
    "--model", action="append", help="in place of the choice, as personalized/north; each has a folder in DIR"
)
arguments = parser.parse_args()
here, out = Path(__file__).resolve().parent, arguments.out.resolve()
models = json.loads((here / "preparation.json").read_text(encoding="utf-8"))["models"]
usual = "super_model" if (here / "super_model").is_dir() else models[0]
images = [str(path.resolve()) for path in arguments.images]
bundles = [here / name.replace("/", "_") for name in arguments.model or [usual]]
sys.path.insert(0, str(bundles[0]))

from monai.bundle.scripts import run  # noqa: E402 (the bundle's own scripts are found first)

for bundle in bundles:
    os.chdir(bundle)
    target = out / bundle.name if arguments.model else out
    run(config_file="configs/inference.json", meta_file="configs/metadata.json", images=images, output_dir=str(target))
