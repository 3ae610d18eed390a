"""How a hospital's network is passed: its proxy, its own certificates in addition to the system's, never unverified."""

import base64
import os
import socket
import ssl
from dataclasses import dataclass
from urllib.parse import unquote
from urllib.request import getproxies, proxy_bypass

import httpx
from cryptography import x509

CA_BUNDLE = "FEDSM_CA_BUNDLE"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
CONNECT_SECONDS = 10.0


class NetworkProblem(Exception):
    """Its text says what stands in the way, and the remedy. unnamed: the same without a path or a name of this machine,
    for what is shown to others."""

    def __init__(self, text: str, unnamed: str | None = None) -> None:
        super().__init__(text)
        self.unnamed = unnamed or text


def require_secure(url: str) -> None:
    """Raises NetworkProblem for an address without TLS that is not this machine's own."""
    address = httpx.URL(url)
    if address.scheme != "https" and address.host not in LOOPBACK:
        raise NetworkProblem(f"{url} is not encrypted: the coordinator must give an address that begins with https://")


def tls_context() -> ssl.SSLContext:
    """The system's authorities and those of FEDSM_CA_BUNDLE. Raises NetworkProblem where that file cannot be used."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    bundle = os.environ.get(CA_BUNDLE)
    if bundle:
        try:
            context.load_verify_locations(cafile=bundle)
        except (OSError, ssl.SSLError):
            problem = "{0} names {1}, which holds no certificates that can be read: give a PEM file"
            unnamed = problem.format(CA_BUNDLE, "a file")
            raise NetworkProblem(problem.format(CA_BUNDLE, bundle), unnamed) from None
    return context


@dataclass(frozen=True)
class Way:
    """How requests to the hub go: TLS is verified, through the proxy that the environment names for it."""

    tls: ssl.SSLContext
    proxy: httpx.Proxy | None


def way_to(url: str) -> Way:
    """Raises NetworkProblem."""
    require_secure(url)
    tls, proxy = tls_context(), proxy_of(url)
    if proxy is not None and ":" in httpx.URL(url).host:
        raise NetworkProblem(
            f"{url} is an IPv6 address, which is not asked of a proxy: the coordinator must give a name, or put the "
            "hub into NO_PROXY"
        )
    return Way(tls, httpx.Proxy(proxy, ssl_context=tls if proxy.scheme == "https" else None) if proxy else None)


def proxy_of(url: str) -> httpx.URL | None:
    """From HTTPS_PROXY, less what NO_PROXY names. Nothing stands between two programs of this machine. Raises
    NetworkProblem for one that is no address of a proxy; it may hold a password, so it is not said."""
    address = httpx.URL(url)
    if address.host in LOOPBACK or proxy_bypass(address.host):
        return None
    found = getproxies().get(address.scheme) or getproxies().get("all")
    if not found:
        return None
    try:
        proxy = httpx.URL(found if "://" in found else f"http://{found}")
        httpx.Proxy(proxy)
    except (httpx.InvalidURL, ValueError):
        raise NetworkProblem("HTTPS_PROXY is no address of a proxy: give http://user:password@host:port") from None
    return proxy


def words_of(error: Exception, url: str) -> str:
    """What went wrong on the way to the hub, and the remedy. It looks at the certificate where TLS failed."""
    said = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in said:
        return f"{_about_certificate(said, url)} ({_reason(said)})"
    if isinstance(error, httpx.ProxyError) or "407" in said:
        return f"the proxy refused ({said}): check HTTPS_PROXY, as http://user:password@host:port"
    if isinstance(error, httpx.ConnectTimeout | httpx.ConnectError):
        host, what = httpx.URL(url).host, said or type(error).__name__
        return f"{host} cannot be reached ({what}): check its name, the firewall and HTTPS_PROXY"
    return f"the connection to {httpx.URL(url).host} broke ({said or type(error).__name__})"


def _reason(said: str) -> str:
    return said.partition("certificate verify failed: ")[2].split(" (_ssl")[0] or "certificate verify failed"


def _about_certificate(said: str, url: str) -> str:
    if "Hostname mismatch" in said or "IP address mismatch" in said:
        return f"the certificate is for another name than {httpx.URL(url).host}: check the address of the kit"
    if "expired" in said or "not yet valid" in said:
        return "the certificate is out of its dates: check this machine's clock, then the hub's certificate"
    issuer = seen_issuer(url)
    remedy = f"if it is your hospital's own inspection, set {CA_BUNDLE} to a PEM file of its authority"
    return f"the certificate was issued by {issuer}, whom this machine does not know: {remedy}" if issuer else remedy


def seen_issuer(url: str) -> str | None:
    """Who issued the certificate that the hub's address shows. Only the handshake is done, nothing is sent."""
    address = httpx.URL(url)
    host, port = address.host, address.port or 443
    look = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    look.check_hostname, look.verify_mode = False, ssl.CERT_NONE
    try:
        with _tunnel(address, host, port) as raw, look.wrap_socket(raw, server_hostname=host) as tls:
            found = tls.getpeercert(binary_form=True)
    except OSError:
        return None
    return x509.load_der_x509_certificate(found).issuer.rfc4514_string() if found else None


def _tunnel(address: httpx.URL, host: str, port: int) -> socket.socket:
    proxy = proxy_of(str(address))
    if proxy is None:
        return socket.create_connection((host, port), CONNECT_SECONDS)
    connection = socket.create_connection((proxy.host, proxy.port or 3128), CONNECT_SECONDS)
    # `way_to` refuses an IPv6 address here.
    lines = [f"CONNECT {host}:{port} HTTP/1.1", f"Host: {host}:{port}"]
    if proxy.username:
        secret = base64.b64encode(f"{unquote(proxy.username)}:{unquote(proxy.password)}".encode()).decode()
        lines.append(f"Proxy-Authorization: Basic {secret}")
    connection.sendall("\r\n".join([*lines, "", ""]).encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        piece = connection.recv(1)
        if not piece:
            raise OSError("the proxy closed the connection")
        answer += piece
    if b" 200" not in answer.split(b"\r\n", 1)[0]:
        raise OSError("the proxy refused")
    return connection
