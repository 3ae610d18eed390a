"""The length of a zip file's listing, read before a program makes an object of each of its entries.

Source: APPNOTE.TXT 4.3.12 to 4.3.16: the length stands in the record at the end, or, where it does not fit, in the
zip64 record before.
"""

import struct

from worker.datasets.readers.errors import Undecodable

#: Maximum bytes of the listing: 20,000 entries with names of 150 letters.
MAX_LISTING_BYTES = 4 * 2**20
_END, _END_BYTES, _MAX_COMMENT_BYTES = b"PK\x05\x06", 22, 2**16
_LOCATOR, _LOCATOR_BYTES, _END_64_BYTES = b"PK\x06\x07", 20, 56


def require_listing(data: bytes) -> None:
    """Raises Undecodable where there is no listing, or where it is too long."""
    end = data.rfind(_END, max(0, len(data) - _END_BYTES - _MAX_COMMENT_BYTES))
    if end < 0 or end + _END_BYTES > len(data):
        raise Undecodable("is no zip file, or is damaged: make it again")
    num_bytes = struct.unpack_from("<L", data, end + 12)[0]
    locator = end - _LOCATOR_BYTES
    if locator >= _END_64_BYTES and data.startswith(_LOCATOR, locator):
        num_bytes = max(num_bytes if num_bytes != 0xFFFFFFFF else 0, _listing_of_64(data, locator))
    if num_bytes > MAX_LISTING_BYTES:
        raise Undecodable(
            f"is a zip file whose listing has {num_bytes} bytes, more than {MAX_LISTING_BYTES}: put fewer files into it"
        )


def _listing_of_64(data: bytes, locator: int) -> int:
    """Python reads the record right before its locator, wherever that points."""
    listing: int = struct.unpack_from("<Q", data, locator - _END_64_BYTES + 40)[0]
    return listing
