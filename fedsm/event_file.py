"""Numbers as an event file of TensorBoard: its records and messages are few, and nothing else need be installed.

Sources: tensorflow/core/lib/io/record_writer.cc (framing, masked CRC-32C), event.proto and summary.proto (fields).
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass

_POLYNOMIAL = 0x82F63B78  # Castagnoli's, reversed
_VARINT, _DOUBLE, _BYTES, _FLOAT = 0, 1, 2, 5


@dataclass(frozen=True)
class Scalar:
    """tag: what is drawn as one line. step: on its horizontal axis."""

    tag: str
    step: int
    value: float


def event_file(scalars: Iterable[Scalar], wall_time: float) -> bytes:
    """wall_time: seconds since 1970, of every event."""
    records = [_event(wall_time, 0, _field(3, _BYTES, b"brain.Event:2"))]
    for scalar in scalars:
        value = _field(1, _BYTES, scalar.tag.encode()) + _field(2, _FLOAT, struct.pack("<f", scalar.value))
        records.append(_event(wall_time, scalar.step, _field(5, _BYTES, _field(1, _BYTES, value))))
    return b"".join(map(_record, records))


def _event(wall_time: float, step: int, what: bytes) -> bytes:
    return _field(1, _DOUBLE, struct.pack("<d", wall_time)) + _field(2, _VARINT, _varint(step)) + what


def _field(number: int, kind: int, content: bytes) -> bytes:
    size = _varint(len(content)) if kind == _BYTES else b""
    return _varint(number << 3 | kind) + size + content


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def _record(content: bytes) -> bytes:
    length = struct.pack("<Q", len(content))
    return length + _masked(length) + content + _masked(content)


def _masked(content: bytes) -> bytes:
    crc = 0xFFFFFFFF
    for byte in content:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def _table_entry(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (_POLYNOMIAL if byte & 1 else 0)
    return byte


_TABLE = tuple(map(_table_entry, range(256)))
