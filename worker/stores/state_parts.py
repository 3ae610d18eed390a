"""A run's state as a task uses it: parts by name, downloaded when they are needed."""

from collections.abc import Callable
from dataclasses import dataclass, field

from backend.contracts.tasks import PartMap
from worker.engine.state import State, Tensors
from worker.stores.api_client import ApiClient
from worker.stores.mapped_part import download_sized


@dataclass
class StateParts:
    """Parts of a state, each downloaded when it is first asked for.

    is_frozen: whether a part is the same in each round. num_bytes: of all parts so far, whether or not another task of
    this machine had brought them here; of frozen ones, those that were not here.
    """

    api: ApiClient
    state: PartMap
    is_frozen: Callable[[str], bool] = lambda _: False
    num_bytes: int = 0
    _loaded: State = field(default_factory=dict)

    def load(self, name: str) -> Tensors:
        """The part's tensors. Raises ValueError where its bytes are no safetensors, and what the download raises."""
        if name not in self._loaded:
            is_known = self.is_frozen(name) and self.api.kept_file(self.state[name]) is not None
            self._loaded[name], num_bytes = download_sized(self.api, self.state[name])
            self.num_bytes += 0 if is_known else num_bytes
        return self._loaded[name]
