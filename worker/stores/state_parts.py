"""A run's state as a task uses it: parts by name, downloaded when they are needed."""

from dataclasses import dataclass, field

from backend.contracts.tasks import PartMap
from worker.engine.checkpoint import from_bytes
from worker.engine.state import State, Tensors
from worker.stores.api_client import ApiClient


@dataclass
class StateParts:
    """Parts of a state, each downloaded when it is first asked for. num_bytes: of all downloads so far."""

    api: ApiClient
    state: PartMap
    num_bytes: int = 0
    _loaded: State = field(default_factory=dict)

    def load(self, name: str) -> Tensors:
        """The part's tensors. Raises ValueError where its bytes are no safetensors, and what the download raises."""
        if name not in self._loaded:
            content = self.api.download(self.state[name])
            self.num_bytes += len(content)
            self._loaded[name] = from_bytes(content)
        return self._loaded[name]
