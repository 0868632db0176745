"""The page is accessible: axe-core's rules, the keyboard, phones, and both colour schemes."""

import json
from importlib.resources import files

import pytest
from httpx import Client
from playwright.sync_api import Page, expect
from pydantic import SecretStr

from core.console.browser.console_page import ConsolePage
from core.console.browser.devices import DEVICES, PHONE, Device
from core.console.browser.sample_data import POSTER, give, some_entries
from core.console.browser.watched_page import assert_no_horizontal_scroll
from core.service.sample_requests import post

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")


def assert_accessible(page: Page) -> None:
    page.evaluate(AXE)
    result = page.evaluate("axe.run({resultTypes: ['violations']})")
    found = [
        f"{violation['id']}: {violation['help']}: {node['html']} {node.get('failureSummary')}"
        for violation in result["violations"]
        for node in violation["nodes"]
    ]
    assert found == [], "\n".join(found)
    assert len(result["passes"]) > 10  # it has looked at something


class TestEveryDevice:
    @pytest.fixture(params=DEVICES, ids=str)
    def device(self, request: pytest.FixtureRequest) -> Device:
        device: Device = request.param
        return device

    def test_axe_finds_no_violation_and_nothing_scrolls_sideways(
        self, page: Page, address: str, url: SecretStr, api: Client, owner: str
    ) -> None:
        def check() -> None:
            assert_accessible(page)
            assert_no_horizontal_scroll(page)

        long = f"{owner}-{'w' * 200}"
        give(url, long, some_entries(250))
        post(api, long, f"nonce {'n' * 240}", "CREDIT_ADD")
        console = ConsolePage(page, address, POSTER.token).open()
        expect(console.key).to_be_visible()
        check()  # the empty page
        console.enter_key("lk_wrong")
        expect(console.alert).to_contain_text("unknown or expired")
        check()  # a problem
        console.enter_key()
        console.look_up(long)
        expect(console.load_more).to_be_visible()
        check()  # an owner
        console.find("nonce-3")
        expect(console.entry).to_be_visible()
        check()
        console.fill_post("CREDIT_SPEND", "a reason", 3)
        console.post_button.click()
        expect(console.dialog).to_be_visible()
        check()  # the dialog
        console.cancel.click()
        page.route("**/ledger/**", lambda route: route.abort())
        console.load_more.click()
        expect(console.try_again).to_be_visible()
        check()  # another problem
        page.unroute("**/ledger/**")
        console.look_up(f"{owner}-unknown")
        check()  # an owner without entries


def test_the_colours_are_dark_where_a_person_prefers_it(page: Page, address: str) -> None:
    ConsolePage(page, address).open()
    brightness = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        brightness.append(sum(json.loads(f"[{colour.partition('(')[2].rstrip(')')}]")[:3]))
    assert brightness[0] > 3 * 200 and brightness[1] < 3 * 60, brightness


class TestPhone:
    @pytest.fixture
    def device(self) -> Device:
        return PHONE

    def test_what_is_touched_is_large_enough(
        self, console: ConsolePage, url: SecretStr, owner: str
    ) -> None:
        give(url, owner, some_entries(250))
        console.look_up(owner)
        expect(console.load_more).to_be_visible()
        for each in console.page.locator("button, input, select").all():
            box = each.bounding_box()
            if box is not None and each.get_attribute("type") not in ("checkbox", "radio"):
                assert box["height"] >= 44, each.evaluate("each => each.outerHTML")

    def test_every_column_of_an_entry_is_visible(
        self, console: ConsolePage, url: SecretStr, owner: str
    ) -> None:
        give(url, owner, some_entries(3))
        console.look_up(owner)
        for cell in console.rows.first.locator("td, th").all():
            box = cell.bounding_box()
            assert box and box["x"] >= 0 and box["x"] + box["width"] <= PHONE.width


def press_until_focused(page: Page, wanted: str, *, key: str = "Tab") -> None:
    """Presses Tab as often as a person would have to, until what is focused has this name."""
    seen: list[str] = []
    for _ in range(60):
        page.keyboard.press(key)
        name = page.evaluate(_NAME_OF_FOCUSED)
        if name == wanted:
            return
        seen.append(name)
    raise AssertionError(f"Tab does not reach {wanted!r}, only {seen}")


_NAME_OF_FOCUSED = """() => {
  const focused = document.activeElement
  const label = focused.labels?.[0]?.textContent ?? focused.getAttribute('aria-label')
  return (label ?? focused.textContent).trim()
}"""


def test_the_whole_use_with_the_keyboard_only(
    page: Page, address: str, url: SecretStr, owner: str
) -> None:
    give(url, owner, some_entries(250))
    console = ConsolePage(page, address).open()
    expect(console.key).to_be_visible()
    keyboard = page.keyboard
    press_until_focused(page, "Key")
    keyboard.type(POSTER.token)
    keyboard.press("Enter")
    expect(console.key).to_be_hidden()
    press_until_focused(page, "Owner")
    keyboard.type(owner)
    keyboard.press("Enter")
    console.expect_owner(owner)
    count = console.rows.count()
    press_until_focused(page, "Load more")
    keyboard.press("Enter")
    expect(console.rows).not_to_have_count(count)
    press_until_focused(page, "Nonce")
    keyboard.type("nonce-7")
    keyboard.press("Enter")
    expect(console.entry).to_contain_text("nonce-7")
    press_until_focused(page, "Operation")
    keyboard.type("CREDIT_ADD")
    press_until_focused(page, "Reason")
    keyboard.type("with the keyboard")
    keyboard.press("Enter")
    expect(console.dialog).to_be_visible()
    press_until_focused(page, "Post it")
    keyboard.press("Enter")
    expect(console.rows.first).to_contain_text("with the keyboard")
    expect(console.dialog).to_be_hidden()


def test_what_has_the_focus_is_visible(console: ConsolePage, owner: str) -> None:
    console.look_up(owner)
    for each in console.page.locator("button:visible, input:visible, select:visible").all():
        console.page.keyboard.press("Tab")  # a browser shows the focus of those who use keys
        each.focus()
        outline = each.evaluate(
            "e => [getComputedStyle(e).outlineStyle, e.matches(':focus-visible')]"
        )
        assert outline[0] != "none" and outline[1], each.evaluate("each => each.outerHTML")
