"""FedSM and the methods it is compared with, as a library on torch and MONAI. Knows no platform; see README.md."""

import sys

from worker.engine.monai_alone import MonaiAlone

if "monai" not in sys.modules:
    sys.meta_path.insert(0, MonaiAlone())
