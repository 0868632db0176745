"""Serves the application under a path prefix that a proxy adds for its clients."""

from starlette.types import ASGIApp, Receive, Scope, Send


class RootPath:
    """ASGI middleware that adds the prefix to paths, unless the proxy has left it in place."""

    def __init__(self, app: ASGIApp, root_path: str) -> None:
        self._app = app
        self._root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            prefix = self._root_path
            raw_path: bytes = scope["raw_path"]
            scope = {**scope, "root_path": prefix}
            if not f"{raw_path.decode('latin-1')}/".startswith(f"{prefix}/"):
                scope["path"] = prefix + scope["path"]
                scope["raw_path"] = prefix.encode() + raw_path
        await self._app(scope, receive, send)
