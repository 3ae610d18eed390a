"""States and updates between the backend and a task of the coordinator.

What was downloaded or uploaded in the same task keeps its hash: tensors that no step replaced are neither made into
bytes nor hashed again, and the backend is not asked whether it has them.
"""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from backend.contracts.tasks import PartMap, SiteUpdateRef
from worker.engine.checkpoint import to_bytes
from worker.engine.state import State, Tensors
from worker.engine.strategies.base import SiteUpdate
from worker.stores.api_client import ApiClient
from worker.stores.mapped_part import download_mapped

#: Uploads at a time, each of which holds the bytes of one part: while one is written, another is hashed and sent.
UPLOADS = 2
#: Downloads at a time: while one is read, another is hashed.
DOWNLOADS = 2


class StateTransfer:
    """The transfers of one task. Tensors that came through it must not be changed in place."""

    def __init__(self, api: ApiClient) -> None:
        self._api = api
        #: By the identity of a part. The part is held, so that no other can have the same identity.
        self._known: dict[int, tuple[Tensors, str]] = {}

    def download(self, parts: PartMap) -> State:
        """The parts, mapped where the cache keeps files. Raises ValueError where one is no safetensors file."""
        return self._named(parts, self._fetched(parts.values()))

    def download_updates(self, refs: Sequence[SiteUpdateRef]) -> tuple[dict[str, SiteUpdate], dict[str, str]]:
        """The updates that can be decoded, in site order, and why the others cannot.

        The bytes of one site stop no other site.
        """
        fetched = self._fetched(sha256 for ref in refs for sha256 in ref.parts.values())
        updates: dict[str, SiteUpdate] = {}
        unreadable: dict[str, str] = {}
        for ref in refs:
            try:
                parts = self._named(ref.parts, fetched)
            except ValueError as error:
                unreadable[ref.participant] = f"site {ref.participant}: {error}"
            else:
                updates[ref.participant] = SiteUpdate(
                    parts=parts, num_cases=ref.num_cases, num_steps=ref.num_steps, local_state={}, metrics=()
                )
        return updates, unreadable

    def _fetched(self, hashes: Iterable[str]) -> dict[str, Tensors | ValueError]:
        """By hash, each once: the part, or why its bytes are none."""
        wanted = list(dict.fromkeys(hashes))
        with ThreadPoolExecutor(DOWNLOADS, "download") as pool:
            return dict(zip(wanted, pool.map(self._part, wanted), strict=True))

    def _part(self, sha256: str) -> Tensors | ValueError:
        try:
            return download_mapped(self._api, sha256)
        except ValueError as error:
            return error

    def _named(self, parts: PartMap, fetched: Mapping[str, Tensors | ValueError]) -> State:
        state: State = {}
        for name, sha256 in parts.items():
            part = fetched[sha256]
            if isinstance(part, ValueError):
                raise part
            state[name] = part
            self._known[id(part)] = (part, sha256)
        return state

    def upload(self, state: State) -> PartMap:
        """The parts' hashes, after the backend has them all."""
        new = [
            tensors for key, tensors in {id(part): part for part in state.values()}.items() if key not in self._known
        ]
        if new:
            with ThreadPoolExecutor(UPLOADS, "upload") as pool:
                for tensors, sha256 in zip(new, pool.map(self._upload, new), strict=True):
                    self._known[id(tensors)] = (tensors, sha256)
        return {name: self._known[id(tensors)][1] for name, tensors in state.items()}

    def _upload(self, tensors: Tensors) -> str:
        return self._api.upload(to_bytes(tensors))
