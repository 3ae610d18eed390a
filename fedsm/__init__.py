"""FedSM Studio's command line: starts the platform on one machine, and talks to a running one over REST."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("fedsm-studio")
except PackageNotFoundError:  # run from a source tree that was not installed
    __version__ = "0+unknown"
