"""TLS in front of a hub that keeps what it passed on, decrypted: one file a connection and direction.

`python -m tests.integration.recording_front FOLDER LISTEN TO CERTIFICATE KEY`.
"""

import asyncio
import contextlib
import itertools
import ssl
import sys
from pathlib import Path

from fedsm.local import tls_front

TO_HUB, FROM_HUB = "to-hub", "from-hub"


def record_into(folder: Path) -> None:
    """From now on what the front passes on is written down as it comes. A front that starts again adds to it."""
    folder.mkdir(exist_ok=True)
    numbers = itertools.count(len(list(folder.iterdir())))

    async def recorded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        way = FROM_HUB if writer.get_extra_info("ssl_object") else TO_HUB
        with (
            open(folder / f"{way}-{next(numbers)}", "wb", buffering=0) as file,
            contextlib.suppress(OSError, ssl.SSLError),
        ):
            while chunk := await reader.read(tls_front.CHUNK_BYTES):
                file.write(chunk)
                writer.write(chunk)
                await writer.drain()
        with contextlib.suppress(OSError, ssl.SSLError):
            writer.close()

    tls_front._pump = recorded


def recorded_traffic(folder: Path, way: str) -> bytes:
    return b"\0".join(path.read_bytes() for path in sorted(folder.glob(f"{way}-*")))


if __name__ == "__main__":
    folder_to_fill, listen, to, certificate, key = sys.argv[1:]
    record_into(Path(folder_to_fill))
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(tls_front.serve(int(listen), int(to), certificate, key))
