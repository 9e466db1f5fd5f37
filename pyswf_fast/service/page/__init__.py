"""The page for people at `/`, and the JSON behind it: read-only, and no work at all while nobody looks.

api        the routes: parameters in, JSON out
listing    executions, newest first, filtered, a bounded number looked at for each answer
pending    what an execution waits for, how long, and who polls the lists
payloads   events with their payloads decoded, or shortened
guard      which browsers are let in, and what their pages may do
static/    HTML, CSS and ES modules as they are written
"""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from pyswf_fast.service.embedded import EmbeddedSwf
from pyswf_fast.service.page.api import Api
from pyswf_fast.service.page.guard import SafeHeaders
from pyswf_fast.service.pollers import Pollers

__all__ = ["page"]

STATIC = Path(__file__).parent / "static"


async def _index(_: Request) -> FileResponse:
    return FileResponse(STATIC / "index.html")


def page(swf: EmbeddedSwf, pollers: Pollers) -> ASGIApp:
    """The page as an application that answers GET and changes nothing.

    Parameters:
        swf: The service, which lives on the loop that runs the application.
        pollers: Who polls its lists.
    """
    routes = [
        Route("/", _index),
        Mount("/api", routes=Api(swf, pollers).routes),
        Mount("/page", StaticFiles(directory=STATIC)),
    ]
    application = Starlette(routes=routes)
    application.router.redirect_slashes = False
    return SafeHeaders(application)
