"""The history of an owner: its pages, filters and order, its plot, limits, and one entry."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from httpx import Client
from playwright.sync_api import expect
from pydantic import SecretStr

from core.console.browser.console_page import ConsolePage, Row
from core.console.browser.plotted import assert_shows, steps_of
from core.console.browser.sample_data import FIRST, give, give_many, some_entries
from core.service.sample_requests import post


def test_paging_to_the_end_neither_skips_nor_repeats(
    console: ConsolePage, url: SecretStr, owner: str
) -> None:
    entries = some_entries(337)
    give(url, owner, entries)
    console.look_up(owner)
    rows = load_all(console)
    assert [row.nonce for row in rows] == [entry.nonce for entry in reversed(entries)]
    assert_adds_up(rows)
    assert rows[0].balance == sum(entry.amount for entry in entries)


def test_an_entry_that_is_posted_meanwhile_disturbs_no_page(
    console: ConsolePage, url: SecretStr, api: Client, owner: str
) -> None:
    give(url, owner, some_entries(250))
    console.look_up(owner)
    expect(console.load_more).to_be_visible()
    post(api, owner, "meanwhile", "CREDIT_ADD")
    rows = load_all(console)
    assert len({row.nonce for row in rows}) == len(rows) == 250


def test_pressing_load_more_twice_loads_no_page_twice(
    console: ConsolePage, url: SecretStr, owner: str
) -> None:
    give(url, owner, some_entries(250))
    console.look_up(owner)
    first = console.rows.count()
    console.load_more.dblclick()
    expect(console.rows).not_to_have_count(first)
    rows = load_all(console)
    assert len({row.nonce for row in rows}) == len(rows) == 250


def test_a_million_entries(console: ConsolePage, url: SecretStr, owner: str, million: str) -> None:
    console.look_up(million)
    console.expect_balance(1_000_000)
    rows = console.shown()
    assert 50 <= len(rows) <= 200
    assert rows[0].balance == 1_000_000
    console.load_more.click()
    expect(console.rows).to_have_count(2 * len(rows))
    assert_adds_up(console.shown())
    console.choose(order="Oldest first")
    console.expect_first("n-1")
    assert console.shown()[0].balance == 1
    console.find("n-500000")
    expect(console.entry).to_contain_text("500,000")


@pytest.fixture(scope="module")
def million(url: SecretStr) -> Iterator[str]:
    """An owner with so many entries."""
    give_many(url, "million", 1_000_000)
    yield "million"


def test_filters_and_order(console: ConsolePage, url: SecretStr, owner: str) -> None:
    entries = some_entries(120)
    give(url, owner, entries)
    console.look_up(owner)
    console.choose(operation="BOOKING_REWARD")
    expected = [entry.nonce for entry in reversed(entries) if entry.operation == "BOOKING_REWARD"]
    assert [row.nonce for row in console.expect_rows(30)] == expected
    console.choose(order="Oldest first")
    console.expect_first(expected[-1])
    assert [row.nonce for row in console.expect_rows(30)] == expected[::-1]
    # 10:30 in Berlin is 9:30 in UTC, the time of the second entry. `to` is exclusive.
    console.choose(operation="", begin="2026-03-01T10:30", end="2026-03-01T14:30")
    assert [row.nonce for row in console.expect_rows(4)] == [f"nonce-{n}" for n in (1, 2, 3, 4)]
    # Each has the balance after it, whatever is left out before it.
    assert console.shown()[0].balance == sum(entry.amount for entry in entries[:2])


def test_filters_hold_for_the_next_pages(console: ConsolePage, url: SecretStr, owner: str) -> None:
    entries = some_entries(900)
    give(url, owner, entries)
    console.look_up(owner)
    console.choose(operation="CREDIT_SPEND", order="Oldest first")
    console.expect_first("nonce-1")
    rows = load_all(console)
    assert [row.nonce for row in rows] == [e.nonce for e in entries if e.amount < 0]


def test_times_of_the_filter_are_those_of_the_day_even_in_summer(
    console: ConsolePage, url: SecretStr, owner: str
) -> None:
    """10:30 in Berlin is 8:30 in UTC in July."""
    july = FIRST.replace(month=7)
    give(url, owner, some_entries(3, first=july - timedelta(hours=1)))
    console.look_up(owner)
    console.choose(begin="2026-07-01T10:30", end="2026-07-01T11:30")
    assert [row.nonce for row in console.expect_rows(1)] == ["nonce-1"]


def test_a_filter_that_nothing_matches_says_so(
    console: ConsolePage, url: SecretStr, owner: str
) -> None:
    give(url, owner, some_entries(3))
    console.look_up(owner)
    console.choose(operation="SIGNUP_CREDIT")
    expect(console.rows).to_have_count(0)
    expect(console.status).to_contain_text("No entries match")
    console.expect_balance(11)


def test_a_period_that_ends_before_it_begins_is_explained(
    console: ConsolePage, url: SecretStr, owner: str
) -> None:
    give(url, owner, some_entries(3))
    console.look_up(owner)
    console.choose(begin="2026-03-02T10:30", end="2026-03-01T10:30")
    expect(console.alert).to_contain_text("“From” must be before “To”")
    assert len(console.shown()) == 3


@pytest.mark.parametrize("order", ["Newest first", "Oldest first"])
def test_the_plot_has_the_balance_after_each_entry_that_is_loaded(
    console: ConsolePage, url: SecretStr, owner: str, order: str
) -> None:
    give(url, owner, some_entries(300))
    console.look_up(owner)
    console.choose(order=order)
    console.expect_first("nonce-299" if order == "Newest first" else "nonce-0")
    for load in (ConsolePage.shown, load_all):
        balances = [row.balance for row in load(console)]
        oldest_first = balances if order == "Oldest first" else balances[::-1]
        assert_shows(console.plot, oldest_first)
        # The entries are an hour apart.
        places = [step.x for step in steps_of(console.plot)]
        widths = [right - left for left, right in zip(places, places[1:])]
        assert max(widths) - min(widths) < 0.3, widths


def test_the_plots_name_says_what_it_shows(
    console: ConsolePage, url: SecretStr, owner: str
) -> None:
    give(url, owner, some_entries(5))
    console.look_up(owner)
    plot = console.page.get_by_role("img", name="Balance")
    expect(plot).to_be_visible()
    name = plot.get_attribute("aria-label") or ""
    for part in (
        "5 entries",
        "1 Mar 2026, 09:30",
        "13:30",
        "lowest 5",
        "highest 15",
        "15 at the end",
    ):
        assert part in name


def test_limits(console: ConsolePage, api: Client, owner: str) -> None:
    for number in range(2):
        post(api, owner, f"{number}", "BOOKING_REWARD")
    post(api, owner, "signup", "SIGNUP_CREDIT")
    console.look_up(owner)
    for operation, used, limit, resets in (
        ("BOOKING_REWARD", "2 of 3", "3 per week (America/New_York)", r"\d+ \w+ \d{4}, \d\d:\d\d"),
        ("SIGNUP_CREDIT", "1 of 1", "1 ever", "never"),
        ("DAILY_REWARD", "0 of 1", "1 per day (Europe/Berlin)", r"\d+ \w+ \d{4}, \d\d:\d\d"),
    ):
        cells = console.limits.get_by_role("row").filter(has_text=operation).get_by_role("cell")
        expect(cells).to_have_text([used, limit, re.compile(resets)])


def test_one_entry_by_its_nonce(console: ConsolePage, url: SecretStr, owner: str) -> None:
    give(url, owner, some_entries(250))
    console.look_up(owner)
    console.find("nonce-2")
    for text in ("BOOKING_REWARD", "5", "11", "nonce-2"):
        expect(console.entry).to_contain_text(text)
    console.find("nonce-999")
    expect(console.page.get_by_text("nonce-999")).to_be_visible()
    expect(console.page.get_by_text("BOOKING_REWARD").and_(console.entry)).to_have_count(0)


def load_all(console: ConsolePage) -> list[Row]:
    """Presses "Load more" until it is gone, and returns all rows."""
    count = len(console.shown())
    while console.load_more.is_visible():
        console.load_more.click()
        expect(console.rows).not_to_have_count(count)
        count = console.rows.count()
    return console.shown()


def assert_adds_up(rows: list[Row]) -> None:
    """Newest first, each balance is the one before with the entry's amount."""
    assert all(row.balance - row.amount == before.balance for row, before in zip(rows, rows[1:]))
