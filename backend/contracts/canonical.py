"""One way to write a value as bytes, where a hash or a signature is over it."""

import json
from typing import Any


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and no blanks: equal values are equal bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()
