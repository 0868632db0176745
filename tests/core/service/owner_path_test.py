"""An owner_id in a path is decoded exactly, whatever characters it has."""

import asyncio
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st

from core.service.owner_path import RoutedPath


async def entries_of(owner_id: str) -> dict[str, str]:
    return {"entries of": owner_id}


async def balance_of(owner_id: str) -> dict[str, str]:
    return {"balance of": owner_id}


APP = FastAPI()
APP.add_middleware(RoutedPath)
APP.add_api_route("/ledger/{owner_id:owner_id}", balance_of)
APP.add_api_route("/ledger/{owner_id:owner_id}/entries", entries_of)


def get(path: str) -> httpx.Response:
    async def request() -> httpx.Response:
        transport = httpx.ASGITransport(APP)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.get(path)

    return asyncio.run(request())


@pytest.mark.parametrize(
    "segment, owner_id",
    [
        ("a%2Fb", "a/b"),
        ("a%2fb", "a/b"),
        ("a%252Fb", "a%2Fb"),
        ("a%25b", "a%b"),
        ("%2F", "/"),
        ("a%2Fentries", "a/entries"),
        ("%0A", "\n"),
        ("%C3%A9", "é"),
        ("caf\u00e9", "café"),
        ("a+b", "a+b"),
    ],
)
def test_an_owner_id_is_decoded_exactly_at_the_end_or_inside_of_a_path(
    segment: str, owner_id: str
) -> None:
    assert get(f"/ledger/{segment}").json() == {"balance of": owner_id}
    assert get(f"/ledger/{segment}/entries").json() == {"entries of": owner_id}


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_text_is_decoded_exactly(owner_id: str) -> None:
    path = f"/ledger/{quote(owner_id, safe='').replace('.', '%2E')}/entries"
    assert get(path).json() == {"entries of": owner_id}


def test_a_slash_that_is_not_encoded_separates_segments() -> None:
    assert get("/ledger/a/b").status_code == 404
    assert get("/ledger/a/b/entries").status_code == 404
