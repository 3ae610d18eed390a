"""Artifacts of played results, put into the store without a request: what a request adds is tested by itself.

A fifth of the processor time of the backend's tests would go into some thousands of uploads of a few bytes, which
test_artifacts.py, test_sweep.py, test_full_disk.py and the tests with real workers look at.
"""

import hashlib
from uuid import uuid4

from backend.artifacts.service import keep_received
from backend.artifacts.store import INCOMING, FolderStore, IncomingFile
from backend.errors import AttemptSuperseded
from backend.platform import Platform


def keep_artifact(platform: Platform, content: bytes, media_type: str, task_id: str) -> None:
    """The same rows and files as after an upload. A task that nobody waits for uploads without its name, as a stubborn
    worker would."""
    store = platform.artifacts
    assert isinstance(store, FolderStore)
    file = store.folder / f"{INCOMING}{uuid4().hex}"
    file.write_bytes(content)
    incoming = IncomingFile(hashlib.sha256(content).hexdigest(), len(content), file)
    try:
        keep_received(platform.database, store, incoming, media_type, task_id)
    except AttemptSuperseded:
        file.write_bytes(content)
        keep_received(platform.database, store, incoming, media_type, None)
