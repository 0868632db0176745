"""Days on which something fails: each shows something that a person understands."""

import re
import socket
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest
from playwright.sync_api import Route, expect
from pydantic import SecretStr

from core.console.browser.console_page import ConsolePage
from core.console.browser.sample_data import API_KEYS, POSTER, address_of, give, some_entries
from core.console.browser.watched_page import Watch
from core.service.sample_requests import post
from core.settings.groups import DatabaseSettings, ServiceSettings
from core.testing.service_process import service
from core.testing.threaded_service import served
from core.testing.unreliable_proxy import proxied
from core.testing.waiting import until
from sample.ledger import LEDGER


@pytest.fixture
def port() -> Iterator[str]:
    """A free port, for a service that comes back on the same one."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free = listener.getsockname()[1]
    yield f"{free}"


def test_a_service_that_stops_and_comes_back(
    console: ConsolePage, watch: Watch, url: SecretStr, owner: str, port: str
) -> None:
    give(url, owner, some_entries(250))
    settings = {"DATABASE_URL": url, "API_KEYS": API_KEYS}
    with service("sample.limited_service", "--port", port, **settings) as running:
        watch.origins.add(running.address)
        console.address = running.address
        console.open().enter_key()
        console.look_up(owner)
        count = console.rows.count()
        assert running.stop() == 0
    console.load_more.click()
    expect(console.alert).to_contain_text(re.compile("no answer|not answer|reach", re.I))
    expect(console.try_again).to_be_visible()
    console.expect_rows(count)  # which were shown before
    with service("sample.limited_service", "--port", port, **settings):
        console.try_again.click()
        expect(console.rows).not_to_have_count(count)
        expect(console.alert).to_have_text("")
        assert len({row.nonce for row in console.shown()}) == console.rows.count()


def test_a_database_that_does_not_answer(
    console: ConsolePage, watch: Watch, url: SecretStr, owner: str
) -> None:
    give(url, owner, some_entries(3))
    with proxied(url) as (proxy, through_proxy):
        database = DatabaseSettings(
            database_url=through_proxy, connect_timeout=1, statement_timeout=1
        )
        with served(LEDGER, database, ServiceSettings(api_keys=API_KEYS)) as client:
            console.address = address_of(client)
            watch.origins.add(console.address)
            console.open().enter_key()
            console.look_up(owner)
            console.expect_rows(3)
            proxy.frozen = True
            console.look_up_button.click()
            expect(console.alert).to_contain_text("not available")
            expect(console.alert).to_contain_text("did not answer in time")
            console.expect_rows(3)  # which were shown before
            console.expect_balance(11)
            proxy.frozen = False
            until(lambda: client.get("/readyz").status_code == 200, "never ready again")
            client.headers["Authorization"] = f"Bearer {POSTER.token}"
            assert post(client, owner, "after", "CREDIT_ADD").status_code == 201
            console.try_again.click()
            console.expect_balance(21)
            console.expect_rows(4)
            expect(console.alert).to_have_text("")


@pytest.mark.parametrize("at", ["key", "operations"])
def test_a_503_while_the_page_opens(console: ConsolePage, owner: str, at: str) -> None:
    def unavailable(route: Route) -> None:
        problem = (
            '{"status":503,"title":"Service Unavailable","code":"overloaded","detail":"Too many'
            ' requests are waiting","request_id":"abcdef0123456789abcdef0123456789"}'
        )
        route.fulfill(status=503, body=problem, content_type="application/problem+json")

    console.page.route(f"**/{at}", unavailable)
    console.open()
    if at == "operations":
        console.enter_key()
    expect(console.alert).to_contain_text("Too many requests are waiting")
    expect(console.alert).to_contain_text("abcdef0123456789abcdef0123456789")
    console.page.unroute(f"**/{at}")
    console.try_again.click()
    expect(console.alert).to_have_text("")
    if at == "key":
        console.enter_key()
    console.look_up(owner)
    console.expect_balance(0)


@pytest.mark.parametrize("body", ["<h1>502 Bad Gateway</h1>", "", "{}", "null", '{"entries": 1}'])
def test_an_answer_that_is_not_the_ledgers(
    console: ConsolePage, owner: str, body: str, watch: Watch
) -> None:
    """A proxy's page, for example."""
    console.page.route(
        "**/ledger/**",
        lambda route: route.fulfill(status=502, body=body, content_type="text/html"),
    )
    console.owner.fill(owner)
    console.look_up_button.click()
    expect(console.alert).to_contain_text("502")
    console.page.unroute("**/ledger/**")
    console.try_again.click()
    console.expect_owner(owner)
    console.expect_balance(0)


@pytest.mark.parametrize("hours", [-3, 3])
def test_a_wrong_clock_is_pointed_out(
    console: ConsolePage, url: SecretStr, owner: str, hours: int
) -> None:
    give(url, owner, some_entries(2))
    console.page.clock.set_fixed_time(datetime.now(timezone.utc) + timedelta(hours=hours))
    console.open().enter_key()
    console.look_up(owner)
    expect(console.page.get_by_text(re.compile("clock", re.I)).first).to_be_visible()
    # The times are the service's, whatever the clock shows.
    assert console.expect_rows(2)[1].time.startswith("2026-03-01T08:30:00")


def test_a_right_clock_is_not_mentioned(console: ConsolePage, owner: str) -> None:
    console.look_up(owner)
    expect(console.page.get_by_text(re.compile("clock", re.I))).to_have_count(0)


def test_an_owner_who_cannot_exist_is_explained(console: ConsolePage) -> None:
    for owner in ("..", "x" * 256):
        console.owner.fill(owner)
        console.look_up_button.click()
        expect(console.page.get_by_role("alert").filter(has_text=re.compile("."))).to_be_visible()
