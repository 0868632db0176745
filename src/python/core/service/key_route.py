"""The route that says what the key of a request may do."""

from datetime import datetime

from fastapi import FastAPI, Response
from pydantic import BaseModel, Field

from core.keys.scopes import POST, READ
from core.service.authentication import KEY_PATH, current_key


class KeyDescription(BaseModel):
    """What a key may do. A service without keys allows every request."""

    name: str | None = Field(description="The name of the key; null for a service without keys.")
    scopes: list[str] = Field(description="`read`, `post` or `post:OPERATION`.")
    expires: datetime | None = Field(description="When the key expires; null for never.")


def add_key_route(app: FastAPI) -> None:
    """Adds `GET /key`."""

    async def read_key() -> Response:
        """Any valid key may ask, whatever its scopes."""
        key = current_key()
        if key is None:
            described = KeyDescription(name=None, scopes=[READ, POST], expires=None)
        else:
            # `read` first, as in the documentation.
            scopes = sorted(key.scopes, key=lambda scope: (scope != READ, scope))
            described = KeyDescription(name=key.name, scopes=scopes, expires=key.expires)
        # It depends on a header that caches may not look at.
        return Response(
            described.model_dump_json(),
            media_type="application/json",
            headers={"Cache-Control": "no-store"},
        )

    app.add_api_route(
        KEY_PATH, read_key, methods=["GET"], tags=["ledger"], response_model=KeyDescription
    )
