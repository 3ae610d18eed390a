"""Squid, as hospitals run it: a proxy with a password, which inspects TLS if it is given an authority for that."""

import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import wait_until
from tests.ports import held_port
from worker.process.shutdown import die_with_parent

LOOPBACK = "127.0.0.1"
PROGRAM = shutil.which("squid", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
HELPERS = Path("/usr/lib/squid")
#: What makes certificates for inspected hosts; Debian has it in squid-openssl alone.
CERTIFICATES = HELPERS / "security_file_certgen"
START_SECONDS = 30


@dataclass(frozen=True)
class Inspection:
    """The hospital's own authority, and that of the hub's certificate."""

    authority: Path
    key: Path
    of_hub: Path


@contextmanager
def squid(credential: str, host: str, inspection: Inspection | None = None) -> Iterator[tuple[int, Path]]:
    """Its port on this machine, and its log of requests. credential: `user:password`. host: the one name that it passes
    requests on to, which is this machine."""
    assert PROGRAM is not None
    port = held_port()
    folder = Path(tempfile.mkdtemp(prefix="fedsm-squid-", dir="/tmp"))
    try:
        (folder / "squid.conf").write_text("\n".join(_settings(folder, port, credential, host, inspection)) + "\n")
        if os.geteuid() == 0:  # it does not stay root
            nobody = pwd.getpwnam("nobody")
            for path in (folder, *folder.rglob("*")):
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
        command = [PROGRAM, "-N", "-f", str(folder / "squid.conf")]
        with open(folder / "output.log", "wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, preexec_fn=die_with_parent)
        log_file = folder / "cache.log"
        try:
            ready = "Accepting " + ("SSL bumped" if inspection else "HTTP Socket")
            wait_until(lambda: log_file.exists() and ready in log_file.read_text(), START_SECONDS, f"squid: {folder}")
            yield port, folder / "access.log"
        finally:
            process.kill()  # it would wait for its clients; its helpers end with their standard input
            process.wait()
    finally:
        shutil.rmtree(folder)


def _settings(folder: Path, port: int, credential: str, host: str, inspection: Inspection | None) -> Iterator[str]:
    user, _, password = credential.partition(":")
    (folder / "passwords").write_text(f"{user}:{hashlib.md5(password.encode()).hexdigest()}\n")
    (folder / "hosts").write_text(f"{LOOPBACK} {host}\n")
    listen = f"http_port {LOOPBACK}:{port}"
    if inspection is None:
        yield listen
    else:
        authority = folder / "authority.pem"
        authority.write_text(inspection.authority.read_text() + inspection.key.read_text())
        shutil.copy(inspection.of_hub, folder / "of-hub.pem")
        subprocess.run(
            [CERTIFICATES, "-c", "-s", folder / "certificates", "-M", "4MB"], check=True, capture_output=True
        )
        yield f"{listen} ssl-bump tls-cert={authority} generate-host-certificates=on dynamic_cert_mem_cache_size=1MB"
        yield f"sslcrtd_program {CERTIFICATES} -s {folder / 'certificates'} -M 4MB"
        yield "sslcrtd_children 1"
        yield f"tls_outgoing_options cafile={folder / 'of-hub.pem'}"
        yield "ssl_bump bump all"
    yield f"auth_param basic program {HELPERS / 'basic_ncsa_auth'} {folder / 'passwords'}"
    yield "auth_param basic children 1"
    yield f"acl hub dstdomain {host}"
    yield "acl known proxy_auth REQUIRED"
    yield "http_access deny !hub"
    yield "http_access allow known"
    yield "http_access deny all"
    yield f"hosts_file {folder / 'hosts'}"
    yield "cache deny all"
    yield "cache_mem 8 MB"
    yield "cache_effective_user nobody"
    yield "pinger_enable off"
    yield "shutdown_lifetime 0 seconds"
    yield "visible_hostname proxy.invalid"
    yield f"pid_filename {folder / 'squid.pid'}"
    yield f"access_log stdio:{folder / 'access.log'}"
    yield f"cache_log {folder / 'cache.log'}"
    yield f"coredump_dir {folder}"
