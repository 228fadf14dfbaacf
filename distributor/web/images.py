"""The resized images of articles, for emails and pages. A file is named by its content, so it never changes.

Mail programs show them in pages of other origins, so everybody may embed them.
"""

from __future__ import annotations

from aiohttp import web

from .context import CONTEXT

_TYPES = {"jpg": "image/jpeg", "png": "image/png"}


def routes() -> list[web.RouteDef]:
    return [web.get("/images/{name:[0-9a-f]{32}[.](?:jpg|png)}", _image)]


async def _image(request: web.Request) -> web.StreamResponse:
    name = request.match_info["name"]
    file = request.app[CONTEXT].newsroom.images_folder / name
    if not file.is_file():
        raise web.HTTPNotFound
    headers = {
        "Content-Type": _TYPES[name.rpartition(".")[2]],
        "Cache-Control": "public, max-age=31536000, immutable",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    return web.FileResponse(file, headers=headers)
