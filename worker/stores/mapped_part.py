"""A downloaded part as tensors that lie in this machine's cache and not in the process's memory."""

from worker.engine.checkpoint import from_bytes, from_file
from worker.engine.state import Tensors
from worker.stores.api_client import ApiClient


def download_mapped(api: ApiClient, sha256: str) -> Tensors:
    """The tensors, as `download_sized` has them."""
    return download_sized(api, sha256)[0]


def download_sized(api: ApiClient, sha256: str) -> tuple[Tensors, int]:
    """The tensors, checked as `ApiClient.download` does, and the bytes of their file.

    An aggregation reads the updates of all sites tensor by tensor, and a site copies a model into its network: mapped,
    they take no memory that the system could not have back, and what a process has hashed before is not read twice.
    Where the cache did not keep the file, they are in memory. Raises ValueError where the bytes are no safetensors, and
    what the download raises.
    """
    content, path = None, api.verified_file(sha256)
    if path is None:
        content = api.download(sha256)
        path = api.kept_file(sha256)
    if path is not None:
        try:
            return from_file(path), path.stat().st_size
        except ValueError:  # no safetensors, which the bytes then say
            pass
        except (OSError, RuntimeError):  # torch opens the file once more, and says in its own way that it is gone
            if path.exists():
                raise
    if content is None:
        content = api.download(sha256)
    return from_bytes(content), len(content)
