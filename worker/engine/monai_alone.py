"""MONAI without the optional packages that its first import loads although nothing here calls them through MONAI.

`import monai` imports all of its modules, and each of them imports what it could work with: MLflow's client,
TensorBoard, parts of SciPy, readers of files. Where they are installed, that takes more time than torch and MONAI
themselves, in each process that trains or predicts.
"""

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType

#: Each is an `optional_import` of MONAI: without it a function of MONAI that is not used here says what is missing.
UNUSED = (
    "ignite",
    "matplotlib",
    "mlflow",
    "nibabel",
    "onnx",
    "onnxruntime",
    "pandas",
    "pydicom",
    "scipy.signal",
    "scipy.stats",
    "skimage",
    "tensorboard",
)


class _Alone(importlib.abc.Loader):
    """MONAI's own loader, while which `UNUSED` cannot be imported. One that is imported already stays."""

    def __init__(self, loader: importlib.abc.Loader) -> None:
        self.loader = loader

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        hidden = [name for name in UNUSED if name not in sys.modules]
        for name in hidden:
            # `None` is Python's own mark of a module that must not be imported.
            sys.modules[name] = None  # type: ignore[assignment]
        try:
            self.loader.exec_module(module)
        finally:
            for name in hidden:
                sys.modules.pop(name, None)


class MonaiAlone(importlib.abc.MetaPathFinder):
    """Finds MONAI, and nothing else, for its first import."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,  # noqa: ARG002 (the interface's)
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != "monai":
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        if spec is not None and spec.loader is not None:
            # What torch itself imports is not hidden from it.
            import torch  # noqa: F401

            spec.loader = _Alone(spec.loader)
        return spec
