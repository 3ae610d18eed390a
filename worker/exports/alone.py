"""A process that can import the standard library, a form's packages and what these require, and nothing else of what is
installed here."""

import re
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, requires

from backend.contracts.exports import ExportForm

#: What reads and writes files, for each form.
_FILES = ("numpy", "pillow", "nibabel", "simpleitk")
PACKAGES: dict[ExportForm, tuple[str, ...]] = {
    "onnx": ("onnxruntime", *_FILES),
    "torch-export": ("torch", *_FILES),
    "monai": ("monai", "torch", *_FILES),
    "hugging-face": ("torch", *_FILES),
}
_NAME = re.compile(r"[\w.-]+")
#: They may be here without a package's record, as in a checkout.
_PLATFORM = ("backend", "worker", "fedsm")
#: A hidden package is not found, as one that is not installed: torch looks for many that it can do without.
_CODE = """
import json, os, runpy, sys
HIDDEN = frozenset({hidden!r})
class Finder:
    def __init__(self, finder):
        self.finder = finder
    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] in HIDDEN else self.finder.find_spec(name, path, target)
    def __getattr__(self, name):
        return getattr(self.finder, name)
sys.meta_path[:] = map(Finder, sys.meta_path)
here = os.getcwd()
for arguments in json.loads(sys.argv[1]):
    os.chdir(here)
    sys.argv = [os.path.abspath(arguments[0]), *arguments[1:]]
    runpy.run_path(sys.argv[0], run_name="__main__")
    print("{{}}", flush=True)
"""


def code_alone(form: ExportForm) -> str:
    """For `python -c`: runs the scripts that its argument lists as JSON, each with its own arguments, one after the
    other, because they would import the same packages for seconds. After each it prints an empty object."""
    return _CODE.format(hidden=sorted(hidden_from(form)))


@cache
def hidden_from(form: ExportForm) -> frozenset[str]:
    """The modules that the form's process does not find."""
    wanted = _closure(PACKAGES[form])
    by_module = packages_distributions()
    others = {name for name, found in by_module.items() if not wanted & {_canonical(each) for each in found}}
    return frozenset(others | set(_PLATFORM))


def _closure(names: tuple[str, ...]) -> set[str]:
    """The packages and all that they require, without what is only for an extra."""
    waiting, found = list(names), set[str]()
    while waiting:
        name = _canonical(waiting.pop())
        if name in found:
            continue
        found.add(name)
        try:
            asked = requires(name) or []
        except PackageNotFoundError:  # of another system, or left out: who needs it says so
            continue
        waiting += [_NAME.match(one).group() for one in asked if "extra ==" not in one]  # type: ignore[union-attr]
    return found


def _canonical(name: str) -> str:
    """As PyPI compares names (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
