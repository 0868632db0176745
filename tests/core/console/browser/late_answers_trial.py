"""Answers that arrive late do not replace what the person has asked for since."""

from collections.abc import Callable, Generator
from contextlib import contextmanager

import pytest
from playwright.sync_api import APIResponse, Page, Route, expect
from pydantic import SecretStr

from core.console.browser.console_page import ConsolePage
from core.console.browser.sample_data import POSTER, give, some_entries
from core.testing.waiting import until


@contextmanager
def late(
    page: Page, address: str, *, requests: int = 1
) -> Generator[Callable[[], None], None, None]:
    """Holds the answers to the first requests until the end of the block, which the page then has.

    Yields a function that waits until they have been asked and answered.
    """
    begun: list[Route] = []
    held: list[tuple[Route, APIResponse]] = []

    def handle(route: Route) -> None:
        if len(begun) == requests:
            route.continue_()
        else:
            begun.append(route)
            held.append((route, route.fetch()))

    def asked() -> None:
        # Any call lets Playwright handle what the browser has told it.
        until(lambda: page.evaluate("1") and len(held) == requests, "the page does not ask")

    page.route(address, handle)
    yield asked
    asked()
    for route, answer in held:
        route.fulfill(response=answer)
    # These answers are handled before one that the page gets later, and all that follows from it.
    page.evaluate(
        "fetch('console/icon.svg').then(icon => icon.text())"
        ".then(() => new Promise(done => requestAnimationFrame(() => setTimeout(done))))"
    )


@pytest.fixture
def owners(url: SecretStr, owner: str) -> tuple[str, str]:
    """One who has many entries, and another one with a single entry and 10 credits."""
    one, other = f"{owner}-one", f"{owner}-other"
    give(url, one, some_entries(250))
    give(url, other, some_entries(1))
    return one, other


@contextmanager
def overtaken(
    console: ConsolePage, address: str, by: str, *, requests: int = 1
) -> Generator[None, None, None]:
    """Looks another owner up while the answers to what the block asks for are under way.

    Asserts that only this owner is shown in the end.
    """
    with late(console.page, address, requests=requests) as asked:
        yield
        asked()
        console.look_up(by)
    assert_shows_only(console, by)


def assert_shows_only(console: ConsolePage, owner: str) -> None:
    """Asserts that nothing of another owner than this one, who has 10 credits, is shown."""
    expect(console.heading.first).to_have_text(owner)
    console.expect_balance(10)
    [row] = console.expect_rows(1)
    assert row.nonce == "nonce-0"
    expect(console.load_more).to_be_hidden()
    expect(console.entry).to_be_hidden()
    expect(console.alert).to_have_text("")


def test_of_an_owner_who_was_asked_for_before(
    console: ConsolePage, owners: tuple[str, str]
) -> None:
    one, other = owners
    with overtaken(console, f"**/ledger/{one}**", other, requests=3):
        console.owner.fill(one)
        console.look_up_button.click()


def test_of_a_next_page(console: ConsolePage, owners: tuple[str, str]) -> None:
    one, other = owners
    console.look_up(one)
    with overtaken(console, "**/entries?*cursor=*", other):
        console.load_more.click()


def test_of_a_filter(console: ConsolePage, owners: tuple[str, str]) -> None:
    one, other = owners
    console.look_up(one)
    with overtaken(console, "**/entries?*operation=*", other):
        console.choose(operation="CREDIT_ADD")


def test_of_an_entry(console: ConsolePage, owners: tuple[str, str]) -> None:
    one, other = owners
    console.look_up(one)
    with overtaken(console, "**/entries/nonce-7", other):
        console.find("nonce-7")


def test_of_an_owner_who_was_posted_to(console: ConsolePage, owners: tuple[str, str]) -> None:
    one, other = owners
    console.look_up(one)
    console.fill_post("CREDIT_ADD", "a reason")
    with overtaken(console, f"**/ledger/{one}**", other, requests=3):
        console.post()


def test_of_the_same_owner_from_before_a_post(
    console: ConsolePage, owners: tuple[str, str]
) -> None:
    _, other = owners
    console.look_up(other)
    console.fill_post("CREDIT_ADD", "a reason")
    with late(console.page, f"**/ledger/{other}**", requests=3) as asked:
        console.look_up_button.click()
        asked()
        console.post()
        expect(console.status).to_contain_text("Posted CREDIT_ADD")
    console.expect_balance(20)
    console.expect_rows(2)


def test_of_a_post_itself(console: ConsolePage, owners: tuple[str, str]) -> None:
    one, other = owners
    console.look_up(one)
    console.fill_post("CREDIT_ADD", "a reason")
    with late(console.page, "**/ledger") as asked:
        console.post()
        asked()
        console.look_up(other)
        console.fill_post("CREDIT_ADD", "for the other")
    expect(console.status).to_contain_text(one)  # it says to whom it was posted
    assert_shows_only(console, other)
    reason = console.post_form.get_by_role("textbox", name="Reason")
    expect(reason).to_have_value("for the other")


def test_of_an_earlier_filter(console: ConsolePage, owners: tuple[str, str]) -> None:
    one, _ = owners
    console.look_up(one)
    with late(console.page, "**/entries?*operation=CREDIT_ADD*") as asked:
        console.choose(operation="CREDIT_ADD")
        asked()
        console.choose(operation="BOOKING_REWARD")
        console.expect_first("nonce-246")
    assert {row.operation for row in console.shown()} == {"BOOKING_REWARD"}


def test_of_the_key(page: Page, address: str, url: SecretStr, owner: str) -> None:
    """An owner can be typed while it is being checked."""
    give(url, owner, some_entries(1))
    console = ConsolePage(page, address, POSTER.token).open()
    with late(page, "**/operations") as asked:
        console.enter_key()
        asked()
        console.owner.fill(owner)
    expect(page.get_by_text("read, post")).to_be_visible()
    expect(console.owner).to_have_value(owner)
    console.look_up_button.click()
    console.expect_balance(10)
