"""What keeps the web pages that a developer happens to visit away from the service on their machine.

A page from elsewhere can send requests to a loopback address, and by rebinding its own name to that address
it can even read the answers. Browsers then still say which name they were given (`Host`) and whose page asks
(`Origin`): on a loopback address only loopback names are served. Signed programs send no `Origin`.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["SafeHeaders", "check_browser", "is_loopback"]

_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class SafeHeaders:
    """Headers with which a browser runs nothing but the page's own scripts, and lends it to no other page.

    Parameters:
        app: Whose answers get them.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                headers.setdefault("cache-control", "no-cache")
            await send(message)

        await self._app(scope, receive, send_safely)


def is_loopback(host: str) -> bool:
    """Whether a name, or an address without brackets, always leads to the machine itself."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def check_browser(scope: Scope) -> str | None:
    """Why a request is not let in to a service on a loopback address; None if it is."""
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if origin is not None and not _leads_here(origin):
        return f"This service answers no web page of {origin}: it listens for this machine alone."
    host = headers.get("host", "")
    if scope["method"] != "POST" and not _leads_here(f"//{host}"):
        return f"This service listens for this machine alone and is not called {host!r}: use its address."
    return None


def _leads_here(url: str) -> bool:
    try:
        return is_loopback(urlsplit(url).hostname or "")
    except ValueError:
        return False
