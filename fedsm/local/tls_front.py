"""TLS in front of a hub on one's own machine, as a reverse proxy does it elsewhere: for the demo and for tests.

It passes bytes on and knows nothing of HTTP: `python -m fedsm.local.tls_front LISTEN TO CERTIFICATE KEY`.
"""

import asyncio
import contextlib
import ssl
import sys
from functools import partial

LOOPBACK = "127.0.0.1"
CHUNK_BYTES = 2**16


async def serve(listen: int, to: int, certificate: str, key: str) -> None:
    """Until it is cancelled. listen, to: ports of this machine."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = await asyncio.start_server(partial(_connect, to), LOOPBACK, listen, ssl=context)
    async with server:
        await server.serve_forever()


async def _connect(to: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        inner_reader, inner_writer = await asyncio.open_connection(LOOPBACK, to)
    except OSError:
        writer.close()
        return
    await asyncio.gather(_pump(reader, inner_writer), _pump(inner_reader, writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, ssl.SSLError):
        while chunk := await reader.read(CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
    with contextlib.suppress(OSError, ssl.SSLError):
        writer.close()


if __name__ == "__main__":
    listen_port, to_port, certificate_file, key_file = sys.argv[1:]
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(int(listen_port), int(to_port), certificate_file, key_file))
