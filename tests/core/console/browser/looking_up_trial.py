"""An owner is looked up: the balance, links that can be shared, and names of every kind."""

import re

import pytest
from httpx import Client
from playwright.sync_api import Page, expect
from pydantic import SecretStr

from core.console.browser.console_page import ConsolePage, owner_link
from core.console.browser.sample_data import POSTER, give, some_entries
from core.console.browser.watched_page import Watch
from core.service.sample_requests import post
from core.testing.databases import execute

MARKUP = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    '"><svg onload=alert(1)>',
    "</title></h2><b>bold</b>&amp;",
    "javascript:alert(1)//{{7*7}}${7*7}",
]


def test_the_page_has_the_name_of_its_ledger(console: ConsolePage) -> None:
    expect(console.page).to_have_title("The sample ledger")
    heading = console.page.get_by_role("heading", level=1)
    expect(heading).to_have_text("The sample ledger")


def test_the_balance_and_the_entries_of_an_owner(
    console: ConsolePage, api: Client, owner: str
) -> None:
    post(api, owner, "first", "CREDIT_ADD")
    post(api, owner, "second", "CREDIT_SPEND", quantity=3)
    console.look_up(owner)
    console.expect_balance(4)
    rows = console.expect_rows(2)
    assert [row[1:] for row in rows] == [
        ("CREDIT_SPEND", -6, 4, "second"),
        ("CREDIT_ADD", 10, 10, "first"),
    ]
    entries = api.get(f"/ledger/{owner}/entries").json()["entries"]
    assert [row.time for row in rows] == [e["created_on"] for e in entries]


def test_a_balance_that_javascript_cannot_represent_is_exact(
    console: ConsolePage, url: SecretStr, owner: str
) -> None:
    give(url, owner, some_entries(1))
    large = 2**53 + 1
    execute(url, f"UPDATE sample.ledger_balance SET balance = {large} WHERE owner_id = '{owner}'")
    console.look_up(owner)
    console.expect_balance(large)
    assert console.expect_rows(1)[0].balance == large


def test_times_are_those_of_the_browsers_zone_which_is_named(
    console: ConsolePage, url: SecretStr, owner: str
) -> None:
    give(url, owner, some_entries(1))
    console.look_up(owner)
    cell = console.rows.first.locator("time")
    expect(cell).to_contain_text("9:30")  # 8:30 in UTC
    expect(cell).to_have_attribute("title", re.compile("2026-03-01T08:30:00.*Z"))
    expect(console.page.locator("main")).to_contain_text("Europe/Berlin")


def test_an_unknown_owner_is_not_an_error(console: ConsolePage, owner: str) -> None:
    console.look_up(owner)
    console.expect_balance(0)
    expect(console.status).to_contain_text("never been posted to")
    expect(console.alert).to_have_text("")
    expect(console.rows).to_have_count(0)


@pytest.mark.parametrize(
    "name",
    [
        "محمد العربي",
        "🦊 fox 👩‍👩‍👧",
        "a/b?c#d&owner=e",
        "50% off",
        " padded ",
        "x" * 255,
        "ä\u0301",
    ],
)
def test_names_of_every_kind(
    console: ConsolePage, api: Client, owner: str, name: str, page: Page
) -> None:
    named = f"{name}{owner}"[-255:] if len(name) < 255 else name[: -len(owner)] + owner
    assert post(api, named, "1", "CREDIT_ADD").status_code == 201
    console.owner.fill(named)
    console.look_up_button.click()
    console.expect_balance(10)
    assert console.heading.first.text_content() == named
    page.reload()
    console.enter_key()
    console.expect_balance(10)
    assert console.heading.first.text_content() == named


@pytest.mark.parametrize("markup", MARKUP)
def test_markup_in_names_is_shown_as_text(
    console: ConsolePage, api: Client, owner: str, markup: str, watch: Watch
) -> None:
    attacker = f"{markup} {owner}"
    assert post(api, attacker, markup, "CREDIT_ADD").status_code == 201
    console.look_up(attacker)
    [row] = console.expect_rows(1)
    assert row.nonce == markup
    console.find(markup)
    expect(console.entry).to_contain_text(markup)
    console.find(f"no {markup}")
    expect(console.page.get_by_text(f"no {markup}")).to_be_visible()
    console.fill_post("CREDIT_ADD", markup)
    console.post_button.click()
    expect(console.dialog).to_contain_text(attacker)
    console.post_it.click()
    console.expect_balance(20)
    assert markup in console.expect_rows(2)[0].nonce
    assert console.page.locator("img[src=x], [onload], [onerror], main b").count() == 0
    assert watch.faults == []


def test_a_link_to_an_owner_can_be_shared(page: Page, address: str, api: Client) -> None:
    name = "lin/k & ü"
    post(api, name, "1", "CREDIT_ADD")
    console = ConsolePage(page, address, POSTER.token).open(owner_link(name))
    console.enter_key()
    console.expect_owner(name)
    assert POSTER.token not in page.url


def test_back_shows_the_owner_from_before(console: ConsolePage, url: SecretStr, owner: str) -> None:
    one, two = f"{owner}-1", f"{owner}-2"
    give(url, one, some_entries(1))
    give(url, two, some_entries(2))
    console.look_up(one)
    console.look_up(two)
    console.expect_balance(6)
    console.page.go_back()
    console.expect_owner(one)
    console.expect_balance(10)
    assert len(console.expect_rows(1)) == 1
    expect(console.owner).to_have_value(one)
    console.page.go_forward()
    console.expect_owner(two)
    console.expect_rows(2)


def test_without_an_owner_nothing_is_asked(console: ConsolePage, watch: Watch) -> None:
    console.owner.fill("")
    console.look_up_button.click()
    assert not any("/ledger/" in each for each in watch.requested)
