"""A post with a reason: it is asked for once more, and is never posted twice."""

import re

import pytest
from httpx import Client
from playwright.sync_api import Route, expect
from pydantic import SecretStr

from core.console.browser.console_page import ConsolePage
from core.service.sample_requests import post
from core.testing.databases import execute

NONCE = re.compile(r"console: (.*) #[0-9a-f]{8}")


def posted(url: SecretStr, owner: str) -> list[tuple[str, int, str]]:
    """The entries of the owner in the database."""
    rows = execute(
        url,
        "SELECT operation::text, amount, nonce FROM sample.ledger_entry"
        f" WHERE owner_id = '{owner}' ORDER BY id",
    )
    return [(operation, amount, nonce) for operation, amount, nonce in rows]


def test_the_reason_is_in_the_nonce(console: ConsolePage, url: SecretStr, owner: str) -> None:
    reason = "Sorry for the outage – نأسف 🙏 'quoted' <b>"
    console.look_up(owner)
    console.fill_post("CREDIT_ADD", reason)
    console.post_button.click()
    for text in (owner, "CREDIT_ADD", "10", reason):
        expect(console.dialog).to_contain_text(text)
    assert posted(url, owner) == []  # it is only asked for
    console.post_it.click()
    console.expect_balance(10)
    expect(console.dialog).to_be_hidden()
    [(operation, amount, nonce)] = posted(url, owner)
    assert (operation, amount) == ("CREDIT_ADD", 10)
    match = NONCE.fullmatch(nonce)
    assert match and match[1] == reason
    [row] = console.expect_rows(1)
    assert row[1:] == ("CREDIT_ADD", 10, 10, nonce)


def test_the_nonce_is_shown_before_it_is_used(
    console: ConsolePage, url: SecretStr, owner: str
) -> None:
    console.look_up(owner)
    console.fill_post("CREDIT_ADD", "goodwill")
    console.post_button.click()
    shown = NONCE.search(console.dialog.inner_text())
    console.post_it.click()
    console.expect_balance(10)
    assert shown and [nonce for *_, nonce in posted(url, owner)] == [shown[0]]


def test_cancelling_posts_nothing(console: ConsolePage, url: SecretStr, owner: str) -> None:
    console.look_up(owner)
    console.fill_post("CREDIT_ADD", "by mistake")
    for key in ("click", "Escape"):
        console.post_button.click()
        expect(console.dialog).to_be_visible()
        if key == "click":
            console.cancel.click()
        else:
            console.page.keyboard.press(key)
        expect(console.dialog).to_be_hidden()
        expect(console.post_button).to_be_focused()
    assert posted(url, owner) == []
    expect(console.post_form.get_by_role("textbox", name="Reason")).to_have_value("by mistake")


def test_a_quantity_is_asked_for_only_per_unit_and_within_its_bounds(
    console: ConsolePage, url: SecretStr, api: Client, owner: str
) -> None:
    post(api, owner, "1", "CREDIT_ADD")
    console.look_up(owner)
    console.fill_post("CREDIT_ADD", "x")
    expect(console.quantity).to_be_hidden()
    console.fill_post("CREDIT_SPEND", "a refund", 3)
    expect(console.quantity).to_have_attribute("max", "1000")
    for wrong in ("0", "1001", "1.5", ""):
        console.quantity.fill(wrong)
        console.post_button.click()
        expect(console.dialog).to_be_hidden()
    console.quantity.fill("3")
    console.post_button.click()
    expect(console.dialog).to_contain_text("6")
    console.post_it.click()
    console.expect_balance(4)
    assert [each[:2] for each in posted(url, owner)] == [("CREDIT_ADD", 10), ("CREDIT_SPEND", -6)]


def test_a_reason_is_required_and_fits_into_the_nonce(
    console: ConsolePage, url: SecretStr, owner: str
) -> None:
    console.look_up(owner)
    for nothing in ("", "   "):
        console.fill_post("CREDIT_ADD", nothing)
        console.post_button.click()
        expect(console.dialog).to_be_hidden()
    console.fill_post("CREDIT_ADD", "🦊é" * 300)
    console.post()
    console.expect_balance(10)
    [(_, _, nonce)] = posted(url, owner)
    assert NONCE.fullmatch(nonce) and len(nonce) <= 255


def test_a_refusal_is_shown_in_the_ledgers_words(
    console: ConsolePage, url: SecretStr, owner: str
) -> None:
    console.look_up(owner)
    console.fill_post("CREDIT_SPEND", "too much", 1)
    console.post()
    expect(console.page.get_by_text(re.compile("the operation takes 2 credits"))).to_be_visible()
    assert posted(url, owner) == []
    console.expect_balance(0)


def test_a_limit_that_is_reached_says_so(
    console: ConsolePage, url: SecretStr, api: Client, owner: str
) -> None:
    post(api, owner, "1", "SIGNUP_CREDIT")
    console.look_up(owner)
    console.fill_post("SIGNUP_CREDIT", "again")
    console.post()
    expect(console.page.get_by_text(re.compile("Limit reached"))).to_be_visible()
    assert len(posted(url, owner)) == 1


@pytest.mark.parametrize("button", ["Post", "Try again"])
@pytest.mark.parametrize("lost", ["answer", "request", "answer for a 503"])
def test_posting_again_after_no_answer_posts_once(
    console: ConsolePage, url: SecretStr, owner: str, lost: str, button: str
) -> None:
    console.look_up(owner)

    def lose(route: Route) -> None:
        if lost != "request":
            assert route.fetch().status == 201
        if lost == "answer for a 503":
            problem = '{"status":503,"title":"Unavailable","code":"overloaded","detail":"Busy"}'
            route.fulfill(status=503, body=problem, content_type="application/problem+json")
        else:
            route.abort("connectionreset")

    console.page.route("**/ledger", lose, times=1)
    console.fill_post("CREDIT_ADD", "once")
    console.post()
    expect(console.alert).to_contain_text("not known whether it was posted")
    expect(console.alert).to_contain_text("not be posted twice")
    assert len(posted(url, owner)) == (0 if lost == "request" else 1)
    if button == "Post":
        console.post()
    else:
        console.try_again.click()
    console.expect_balance(10)
    expect(console.alert).to_have_text("")
    assert [each[:2] for each in posted(url, owner)] == [("CREDIT_ADD", 10)]


def test_a_refusal_is_not_final_while_an_earlier_try_may_be_posted(
    console: ConsolePage, url: SecretStr, api: Client, owner: str
) -> None:
    console.look_up(owner)
    console.page.route("**/ledger", lambda route: route.abort("connectionreset"), times=1)
    console.fill_post("CREDIT_SPEND", "fee", 1)
    console.post()
    expect(console.alert).to_contain_text("not known whether it was posted")
    console.post()
    expect(console.alert).to_contain_text("An earlier try may still be posted")
    expect(console.page.get_by_label("Reason")).to_be_disabled()
    post(api, owner, "1", "CREDIT_ADD")
    console.post()
    console.expect_balance(8)
    assert [each[:2] for each in posted(url, owner)] == [("CREDIT_ADD", 10), ("CREDIT_SPEND", -2)]


def test_pressing_twice_posts_once(console: ConsolePage, url: SecretStr, owner: str) -> None:
    console.look_up(owner)
    console.fill_post("CREDIT_ADD", "impatient")
    console.post_button.click()
    # In one task of the page, so that no answer can be between the two.
    console.post_it.evaluate("button => { button.click(); button.click() }")
    console.expect_balance(10)
    expect(console.dialog).to_be_hidden()
    assert len(posted(url, owner)) == 1


def test_the_same_reason_can_be_posted_again_after_a_success(
    console: ConsolePage, url: SecretStr, owner: str
) -> None:
    console.look_up(owner)
    for balance in (10, 20):
        console.fill_post("CREDIT_ADD", "goodwill")
        console.post()
        console.expect_balance(balance)
    assert len(posted(url, owner)) == 2


def test_another_owner_means_another_nonce(
    console: ConsolePage, url: SecretStr, owner: str
) -> None:
    """A form that was filled in for one owner never posts to another one."""
    other = f"{owner}-other"
    console.look_up(owner)
    console.fill_post("CREDIT_ADD", "for ann")
    console.look_up(other)
    console.fill_post("CREDIT_ADD", "for the other")
    console.post_button.click()
    expect(console.dialog).to_contain_text(other)
    console.post_it.click()
    console.expect_balance(10)
    assert (len(posted(url, owner)), len(posted(url, other))) == (0, 1)
