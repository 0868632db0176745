"""An owner's entries over HTTP: pages, filters, cursors, and single entries."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from httpx import Client
from pydantic import SecretStr

from core.service.sample_requests import post, post_batch
from core.testing.databases import execute
from core.testing.threaded_service import assert_problem

Entry = dict[str, Any]
OPERATIONS = ["CREDIT_ADD", "DAILY_REWARD", "CREDIT_SPEND", "BOOKING_REWARD"]


def post_entries(client: Client, number: int) -> list[Entry]:
    """Posts entries of ann, between others of bob. Returns what ann's history shows of them."""
    shown: list[Entry] = []
    for index in range(number):
        posted = post(client, "ann", f"nonce {index}", OPERATIONS[index % 4]).json()
        assert posted.pop("owner_id") == "ann"
        shown.append(posted)
        post(client, "bob", f"{index}")
    return shown


def pages(client: Client, query: str = "", owner: str = "ann") -> list[Entry]:
    """The entries of all pages; those after the first are requested by their cursor alone."""
    entries: list[Entry] = []
    path = f"/ledger/{owner}/entries?{query}"
    while True:
        response = client.get(path)
        assert response.status_code == 200, response.text
        page = response.json()
        assert list(page) == ["owner_id", "entries", "next"] and page["owner_id"] == owner
        entries += page["entries"]
        if page["next"] is None:
            return entries
        path = f"/ledger/{owner}/entries?limit=2&cursor={page['next']}"


def test_it_shows_the_newest_entries_first_with_the_balance_after_each(client: Client) -> None:
    shown = post_entries(client, 7)
    response = client.get("/ledger/ann/entries")
    assert response.json() == {"owner_id": "ann", "entries": shown[::-1], "next": None}
    assert list(shown[0]) == ["id", "operation", "amount", "nonce", "created_on", "balance"]
    assert [entry["balance"] for entry in shown] == [10, 11, 10, 15, 25, 26, 25]


def test_wrong_books_can_be_read(client: Client, shared_url: SecretStr) -> None:
    post_entries(client, 4)
    execute(shared_url, "UPDATE sample.ledger_balance SET balance = 0 WHERE owner_id = 'ann'")
    balances = [entry["balance"] for entry in pages(client, "limit=1")]
    assert len(balances) == 4 and balances[0] == 0 and min(balances) < 0


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 200])
def test_pages_together_are_all_entries(client: Client, limit: int) -> None:
    shown = post_entries(client, 7)
    assert pages(client, f"limit={limit}") == shown[::-1]
    assert pages(client, f"limit={limit}&order=asc") == shown


def test_a_page_has_fifty_entries_by_default(client: Client) -> None:
    post_batch(
        client,
        [{"owner_id": "ann", "operation": "CREDIT_ADD", "nonce": f"{n}"} for n in range(51)],
    )
    page = client.get("/ledger/ann/entries").json()
    assert len(page["entries"]) == 50 and page["next"] is not None


def test_filters_leave_entries_out_and_balances_as_they_are(client: Client) -> None:
    shown = post_entries(client, 8)
    spends = [entry for entry in shown if entry["operation"] == "CREDIT_SPEND"]
    both = [entry for entry in shown if entry["operation"] in ("CREDIT_SPEND", "CREDIT_ADD")]
    assert pages(client, "limit=1&operation=CREDIT_SPEND") == spends[::-1]
    assert pages(client, "limit=1&order=asc&operation=CREDIT_SPEND&operation=CREDIT_ADD") == both
    assert pages(client, "operation=SIGNUP_CREDIT") == []


def test_times_select_entries_from_the_first_to_before_the_second(client: Client) -> None:
    shown = post_entries(client, 6)
    since, until = shown[1]["created_on"], shown[4]["created_on"]
    for limit in (1, 50):
        query = f"limit={limit}&from={since}&to={until}"
        assert pages(client, query) == shown[1:4][::-1]
        assert pages(client, f"{query}&order=asc") == shown[1:4]
        assert pages(client, f"{query}&operation=DAILY_REWARD&order=asc") == [shown[1]]
    assert pages(client, f"from={until}&to={since}") == []
    assert pages(client, f"from={since}") == shown[1:][::-1]
    assert pages(client, f"to={since}") == shown[:1]


def test_a_plus_sign_of_an_offset_need_not_be_encoded(client: Client) -> None:
    shown = post_entries(client, 2)
    utc = datetime.fromisoformat(shown[1]["created_on"].replace("Z", "+00:00"))
    local = f"{(utc + timedelta(hours=1)).replace(tzinfo=None).isoformat()}+01:00"
    assert pages(client, f"from={local}") == pages(client, f"from={quote(local)}") == [shown[1]]


def test_entries_that_are_posted_meanwhile_are_on_no_page_or_on_the_last(client: Client) -> None:
    shown = post_entries(client, 4)
    down, up = (
        client.get(f"/ledger/ann/entries?limit=2&order={order}").json() for order in ("desc", "asc")
    )
    later = post(client, "ann", "meanwhile").json()
    del later["owner_id"]
    rest = pages(client, f"cursor={down['next']}")
    assert down["entries"] + rest == shown[::-1]
    rest = pages(client, f"cursor={up['next']}")
    assert up["entries"] + rest == [*shown, later]


def test_an_unknown_owner_has_no_entries(client: Client) -> None:
    expected: Entry = {"owner_id": "nobody", "entries": [], "next": None}
    assert client.get("/ledger/nobody/entries").json() == expected
    assert client.get("/ledger/nobody/entries?order=asc&limit=1").json() == expected


@pytest.mark.parametrize(
    "query, field",
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=ten", "limit"),
        ("limit=", "limit"),
        ("order=up", "order"),
        ("order=", "order"),
        ("operation=CREDIT_ADD&operation=NOTHING", "operation.1"),
        ("operation=", "operation.0"),
        ("from=2026-11-25T10:00:00", "from"),
        ("from=2026-11-25", "from"),
        ("from=", "from"),
        ("to=now", "to"),
    ],
)
def test_an_invalid_parameter_is_named(client: Client, query: str, field: str) -> None:
    response = client.get(f"/ledger/ann/entries?{query}")
    problem = assert_problem(response, 422, "invalid_request")
    assert [error["field"] for error in problem["errors"]] == [f"query.{field}"]


def test_unknown_parameters_are_ignored_and_of_repeated_ones_the_last_counts(
    client: Client,
) -> None:
    shown = post_entries(client, 3)
    assert pages(client, "unknown=1&limit=0&limit=2&order=desc&order=asc") == shown


@pytest.mark.parametrize(
    "query",
    [
        "order=desc",
        "operation=CREDIT_ADD",
        "operation=CREDIT_ADD&operation=CREDIT_SPEND&operation=DAILY_REWARD",
        "from=2000-01-01T00:00:01Z",
        "to=2100-01-01T00:00:00Z",
    ],
)
def test_a_cursor_with_another_order_or_filter_is_refused(client: Client, query: str) -> None:
    post_entries(client, 6)
    made_with = (
        "order=asc&operation=CREDIT_ADD&operation=CREDIT_SPEND&from=2000-01-01T00:00:00Z&limit=1"
    )
    cursor = client.get(f"/ledger/ann/entries?{made_with}").json()["next"]
    for same in ("", made_with, "operation=CREDIT_SPEND&operation=CREDIT_ADD", "limit=200"):
        response = client.get(f"/ledger/ann/entries?{same}&cursor={cursor}")
        assert [entry["id"] for entry in response.json()["entries"]][:1] == [5], same
    response = client.get(f"/ledger/ann/entries?{query}&cursor={cursor}")
    assert_problem(response, 400, "invalid_cursor")


def test_a_cursor_that_was_altered_or_is_of_another_owner_is_refused(client: Client) -> None:
    post_entries(client, 2)
    cursor = client.get("/ledger/ann/entries?limit=1").json()["next"]
    assert client.get(f"/ledger/ann/entries?cursor={cursor}").status_code == 200
    altered = cursor[:-1] + ("A" if cursor[-1] != "A" else "B")
    for path in (
        f"/ledger/bob/entries?cursor={cursor}",
        f"/ledger/ann/entries?cursor={altered}",
        "/ledger/ann/entries?cursor=",
        "/ledger/ann/entries?cursor=%FF",
        "/ledger/ann/entries?cursor=%ED%A0%80",
    ):
        assert_problem(client.get(path), 400, "invalid_cursor")


@pytest.mark.parametrize("nonce", ["1", "a/b", "a%2Fb", "é ü", "a+b", "entries", "...", "x" * 255])
def test_an_entry_is_found_by_its_nonce(client: Client, nonce: str) -> None:
    post(client, "ann/and bob", "before", "CREDIT_ADD")
    posted = post(client, "ann/and bob", nonce, "CREDIT_SPEND").json()
    post(client, "ann/and bob", "after", "CREDIT_ADD")
    path = f"/ledger/ann%2Fand%20bob/entries/{quote(nonce, safe='')}"
    assert client.get(path).json() == client.get(f"{path}/").json() == posted


@pytest.mark.parametrize("path", ["/ledger/ann/entries/none", "/ledger/nobody/entries/1"])
def test_an_entry_that_does_not_exist_is_not_found(client: Client, path: str) -> None:
    post(client, "ann", "1")
    problem = assert_problem(client.get(path), 404, "entry_not_found")
    assert "has no entry with the nonce" in problem["detail"]


@pytest.mark.parametrize(
    "path, field",
    [
        ("/ledger/%2E%2E/entries", "owner_id"),
        ("/ledger//entries", "owner_id"),
        ("/ledger/a%00/entries/1", "owner_id"),
        ("/ledger/%FF/entries/1", "owner_id"),
        ("/ledger/ann/entries/%FF", "nonce"),
        ("/ledger/ann/entries/%00", "nonce"),
        ("/ledger/ann/entries/" + "x" * 256, "nonce"),
        ("/ledger/ann/entries//", "nonce"),
    ],
)
def test_an_invalid_identifier_is_named(client: Client, path: str, field: str) -> None:
    problem = assert_problem(client.get(path), 422, "invalid_request")
    assert [error["field"] for error in problem["errors"]] == [f"path.{field}"]
