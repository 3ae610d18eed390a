"""A hospital's proxy in a container: it passes CONNECT on to hub:443 and to nothing else. Standard library only.

CREDENTIAL: `user:password` that it wants. CERTIFICATE, KEY: it inspects TLS, with a certificate of its own authority,
and verifies the hub's by AUTHORITY.
"""

import asyncio
import base64
import contextlib
import os
import ssl

HUB = "hub:443"
PORT = 3128


async def serve() -> None:
    server = await asyncio.start_server(connect, "0.0.0.0", PORT)
    async with server:
        await server.serve_forever()


async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    method, target, _ = head.split(" ", 2)
    wanted = os.environ.get("CREDENTIAL", "")
    said = base64.b64encode(wanted.encode()).decode()
    if wanted and f"proxy-authorization: basic {said}".lower() not in head.lower():
        await refuse(writer, 'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="x"')
    elif (method, target) != ("CONNECT", HUB):
        await refuse(writer, "HTTP/1.1 403 Forbidden")
    else:
        await pass_on(reader, writer)


async def refuse(writer: asyncio.StreamWriter, head: str) -> None:
    writer.write(f"{head}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
    await writer.drain()
    writer.close()


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    inspects = "CERTIFICATE" in os.environ
    outward = ssl.create_default_context(cafile=os.environ["AUTHORITY"]) if inspects else None
    hub_reader, hub_writer = await asyncio.open_connection(*HUB.split(":"), ssl=outward)
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    await writer.drain()
    if inspects:
        inward = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        inward.load_cert_chain(os.environ["CERTIFICATE"], os.environ["KEY"])
        await writer.start_tls(inward)
    await asyncio.gather(pump(reader, hub_writer), pump(hub_reader, writer))


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, ssl.SSLError):
        while chunk := await reader.read(2**16):
            writer.write(chunk)
            await writer.drain()
    with contextlib.suppress(OSError, ssl.SSLError):
        writer.close()


asyncio.run(serve())
