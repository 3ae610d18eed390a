"""What played workers and sites need of a backend, which runs in the test's process or in one of its own."""

from typing import Any, Protocol

from backend.link.keys import SigningKey


class ReachedBackend(Protocol):
    """A backend that answers at `url`; `get` and `post` are an administrator's, and must succeed."""

    @property
    def url(self) -> str: ...

    @property
    def server_key(self) -> SigningKey: ...

    def get(self, path: str, **params: Any) -> Any: ...

    def post(self, path: str, body: Any = None) -> Any: ...
