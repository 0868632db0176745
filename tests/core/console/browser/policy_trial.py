"""The pages use nothing but the service's own files, and obey a strict policy."""

import httpx
import pytest
from playwright.sync_api import Page, expect
from pydantic import SecretStr

from core.console.browser.console_page import ConsolePage
from core.console.browser.sample_data import API_KEYS, POSTER, address_of, give, some_entries
from core.console.browser.watched_page import Watch
from core.settings.groups import DatabaseSettings, ServiceSettings
from core.testing.threaded_service import served
from core.testing.waiting import until
from sample.ledger import LEDGER

PREFIX = "/apps/sample"


def test_the_policy_is_in_force(console: ConsolePage, watch: Watch) -> None:
    """A script or a style that the page did not have is refused, and this module would see it."""
    policy = httpx.get(f"{console.address}/console").headers["content-security-policy"]
    assert "unsafe" not in policy and "default-src 'none'" in policy
    console.page.evaluate("""() => {
          const script = document.createElement('script')
          script.textContent = 'window.injected = true'
          document.body.append(script)
          document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="injected = true">')
          document.body.insertAdjacentHTML('beforeend', '<p style="color: red">')
        }""")

    def refused() -> set[str]:
        # Any call lets Playwright handle what the browser has told it.
        console.page.evaluate("1")
        return {fault.split()[6] for fault in watch.faults if "POLICY" in fault}

    expected = {"script-src-elem", "script-src-attr", "style-src-attr"}
    until(lambda: expected <= refused(), "the browser does not report all violations")
    assert console.page.evaluate("window.injected") is None
    watch.faults.clear()


def test_the_whole_use_of_the_page_weighs_less_than_150_kilobytes(
    page: Page, address: str, watch: Watch
) -> None:
    sizes: dict[str, int] = {}
    page.on(
        "response",
        lambda response: (
            sizes.update({response.url: len(response.body())})
            if "/ledger/" not in response.url
            else None
        ),
    )
    console = ConsolePage(page, address, POSTER.token).open()
    console.enter_key()
    assert f"{address}/console" in sizes
    assert sum(sizes.values()) < 150_000, sizes


def test_documentation_without_internet(page: Page, address: str, watch: Watch) -> None:
    page.goto(f"{address}/docs")
    expect(page.get_by_text("/ledger/{owner_id}/limits")).to_be_visible()
    page.get_by_text("/ledger/{owner_id}/limits").click()
    expect(page.get_by_role("button", name="Try it out")).to_be_visible()
    assert len(watch.requested) > 2  # the page, and what it is made of


def test_the_start_page_links_to_the_console(page: Page, address: str, watch: Watch) -> None:
    page.goto(address)
    page.get_by_role("link", name="/console").click()
    expect(page).to_have_title("The sample ledger")
    expect(page.get_by_label("Key", exact=True)).to_be_visible()


@pytest.mark.parametrize("removed", [True, False], ids=["removed", "left in place"])
def test_under_a_prefix(
    page: Page, watch: Watch, url: SecretStr, owner: str, removed: bool
) -> None:
    give(url, owner, some_entries(3))
    settings = ServiceSettings(api_keys=API_KEYS, root_path=PREFIX)
    with served(LEDGER, DatabaseSettings(database_url=url), settings) as client:
        address = address_of(client)
        watch.origins.add(address)
        if removed:
            # As a proxy does.
            page.route(
                f"{address}{PREFIX}/**",
                lambda route: route.fulfill(
                    response=route.fetch(url=route.request.url.replace(PREFIX, "", 1))
                ),
            )
        console = ConsolePage(page, address + PREFIX, POSTER.token).open()
        console.enter_key()
        console.look_up(owner)
        console.expect_rows(3)
        page.goto(f"{address}{PREFIX}/docs")
        expect(page.get_by_text("/ledger/{owner_id}/limits")).to_be_visible()
        inside = (f"{address}{PREFIX}/", "data:")
        assert [each for each in watch.requested if not each.startswith(inside)] == []
