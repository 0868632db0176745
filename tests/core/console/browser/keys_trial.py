"""Keys: what each lets a person do, and what happens when it is wrong, or expires."""

from datetime import datetime, timedelta, timezone

import pytest
from playwright.sync_api import Page, expect
from pydantic import SecretStr

from core.console.browser.console_page import ConsolePage
from core.console.browser.sample_data import (
    EXPIRED,
    POSTER,
    READER,
    SPENDER,
    address_of,
    give,
    key,
    some_entries,
)
from core.console.browser.watched_page import Watch
from core.settings.groups import DatabaseSettings, ServiceSettings
from core.testing.databases import execute
from core.testing.threaded_service import served
from core.testing.waiting import until
from sample.ledger import LEDGER

COUNT = "SELECT count(*) FROM sample.ledger_entry"


def opened(page: Page, address: str, token: str) -> ConsolePage:
    console = ConsolePage(page, address, token).open()
    console.enter_key()
    return console


def test_a_key_that_may_only_read_gets_no_form(
    page: Page, address: str, url: SecretStr, owner: str
) -> None:
    give(url, owner, some_entries(2))
    console = opened(page, address, READER.token)
    console.look_up(owner)
    console.expect_rows(2)
    expect(console.post_form).to_have_count(0)


def test_a_key_is_offered_only_what_it_may_post(page: Page, address: str, owner: str) -> None:
    for token, expected in (
        (SPENDER.token, ["CREDIT_SPEND"]),
        (
            POSTER.token,
            ["DAILY_REWARD", "SIGNUP_CREDIT", "CREDIT_SPEND", "CREDIT_ADD", "BOOKING_REWARD"],
        ),
    ):
        console = opened(page, address, token)
        console.look_up(owner)
        choices = console.post_form.get_by_role("combobox", name="Operation").locator("option")
        values = choices.evaluate_all("all => all.map(each => each.value).filter(Boolean)")
        assert values == expected


@pytest.mark.parametrize("token", ["lk_wrong", EXPIRED.token, "ключ 🔑", "two words"])
def test_a_wrong_key_is_asked_for_again(
    page: Page, address: str, url: SecretStr, owner: str, token: str
) -> None:
    give(url, owner, some_entries(1))
    console = opened(page, address, token)
    expect(console.alert).to_contain_text("unknown or expired")
    expect(console.key).to_be_focused()
    console.enter_key(READER.token)
    console.look_up(owner)
    console.expect_balance(10)
    expect(console.alert).to_have_text("")


def test_a_key_that_expires_while_the_page_is_open(
    page: Page, watch: Watch, url: SecretStr, owner: str
) -> None:
    give(url, owner, some_entries(250))
    expiry = datetime.now(timezone.utc) + timedelta(seconds=20)
    short = key("read", expires=expiry)
    settings = ServiceSettings(api_keys=SecretStr(f"{short.line}\n{POSTER.line}"))
    with served(LEDGER, DatabaseSettings(database_url=url), settings) as client:
        address = address_of(client)
        watch.origins.add(address)
        console = opened(page, address, short.token)
        console.look_up(owner)
        count = console.rows.count()
        headers = {"Authorization": f"Bearer {short.token}"}
        until(lambda: client.get("/key", headers=headers).status_code == 401, "it never expires")
        console.load_more.click()
        expect(console.alert).to_contain_text("unknown or expired")
        expect(console.key).to_be_focused()
        # What was shown is still there, and another key goes on with it.
        console.expect_rows(count)
        console.enter_key(POSTER.token)
        expect(console.alert).to_have_text("")
        console.look_up(owner)
        console.expect_balance(sum(entry.amount for entry in some_entries(250)))


def test_a_key_that_expires_before_a_post(console: ConsolePage, url: SecretStr, owner: str) -> None:
    """Nothing that was typed is lost, and it is posted once with another key."""
    console.look_up(owner)
    console.fill_post("CREDIT_ADD", "a long explanation")
    refusal = '{"status":401,"title":"Unauthorized","code":"unauthorized","detail":"It expired"}'
    console.page.route(
        "**/ledger",
        lambda route: route.fulfill(
            status=401, body=refusal, content_type="application/problem+json"
        ),
        times=1,
    )
    console.post()
    expect(console.alert).to_contain_text("unknown or expired")
    expect(console.key).to_be_focused()
    console.enter_key()
    expect(console.key).to_be_hidden()
    expect(console.post_form.get_by_role("textbox", name="Reason")).to_have_value(
        "a long explanation"
    )
    console.post()
    console.expect_balance(10)
    assert execute(url, f"{COUNT} WHERE owner_id = '{owner}'") == [(1,)]


def test_a_service_without_keys_asks_for_none(
    page: Page, watch: Watch, url: SecretStr, owner: str
) -> None:
    give(url, owner, some_entries(1))
    with served(LEDGER, DatabaseSettings(database_url=url)) as client:
        watch.origins.add(address_of(client))
        console = ConsolePage(page, address_of(client)).open()
        console.look_up(owner)
        console.expect_balance(10)
        expect(console.key).to_be_hidden()
        expect(console.post_form).to_be_visible()


def test_the_key_is_kept_nowhere(console: ConsolePage, owner: str, watch: Watch) -> None:
    console.look_up(owner)
    expect(console.key).to_have_attribute("type", "password")
    stored = console.page.evaluate(
        "[JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie]"
    )
    assert stored == ["{}", "{}", ""]
    assert not any(POSTER.token in each for each in watch.requested)
    console.page.reload()
    expect(console.key).to_have_value("")
    expect(console.key).to_be_visible()
