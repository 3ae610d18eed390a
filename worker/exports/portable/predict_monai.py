"""Masks by the bundle with the routing: `python predict_monai.py IMAGE... --out DIR`. Apache-2.0.

It is what `python -m monai.bundle run` does in the bundle's folder.
"""

import argparse
import os
import sys
from pathlib import Path

parser = argparse.ArgumentParser(description="Masks of images by a MONAI bundle of FedSM Studio.")
parser.add_argument("images", nargs="+", type=Path)
parser.add_argument("--out", type=Path, default=Path("masks"))
parser.add_argument("--bundle", default=None, help="one of the folders here; left out: the one with the routing")
arguments = parser.parse_args()
here = Path(__file__).resolve().parent
bundle = here / (arguments.bundle or ("super_model" if (here / "super_model").is_dir() else "global"))
images, out = [str(path.resolve()) for path in arguments.images], str(arguments.out.resolve())
os.chdir(bundle)
sys.path.insert(0, str(bundle))

from monai.bundle.scripts import run  # noqa: E402 (the bundle's own scripts are found first)

run(config_file="configs/inference.json", meta_file="configs/metadata.json", images=images, output_dir=out)
