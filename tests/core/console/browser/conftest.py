"""Fixtures of the tests in a browser: a service with keys, and a page that is watched."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from httpx import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pydantic import SecretStr

from core.console.browser.browsers import NoBrowser, running_browser
from core.console.browser.console_page import ConsolePage
from core.console.browser.devices import DESKTOP, Device
from core.console.browser.sample_data import API_KEYS, POSTER, address_of, client_of
from core.console.browser.watched_page import Watch
from core.settings.groups import DatabaseSettings, ServiceSettings
from core.testing.databases import Databases
from core.testing.threaded_service import served
from sample.limited_ledger import LIMITED_LEDGER

expect.set_options(timeout=10_000)  # milliseconds: a slow machine must not fail a test


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    try:
        with running_browser() as browser:
            yield browser
    except NoBrowser as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def url(databases: Databases) -> SecretStr:
    """The database of the sample's ledger, which all tests share."""
    return databases.migrated("sample")


@pytest.fixture(scope="session")
def address(url: SecretStr) -> Iterator[str]:
    """Where the service is, which has keys and limits."""
    settings = ServiceSettings(api_keys=API_KEYS)
    with served(LIMITED_LEDGER, DatabaseSettings(database_url=url), settings) as client:
        yield address_of(client)


@pytest.fixture(scope="session")
def api(address: str) -> Iterator[Client]:
    """A client that may do everything."""
    with client_of(address, POSTER) as client:
        yield client


@pytest.fixture
def owner() -> str:
    """An owner of this test alone."""
    return f"ann-{uuid4().hex[:8]}"


@pytest.fixture
def device() -> Device:
    """What the page is seen on. Tests of others override it."""
    return DESKTOP


@pytest.fixture
def context(browser: Browser, device: Device) -> Iterator[BrowserContext]:
    with device.context(browser) as context:
        yield context


@pytest.fixture
def watch(context: BrowserContext, address: str) -> Iterator[Watch]:
    """Fails the test if a page of the context does what no page may."""
    watch = Watch(context, address)
    yield watch
    assert watch.faults == []


@pytest.fixture
def page(context: BrowserContext, watch: Watch) -> Page:
    return context.new_page()


@pytest.fixture
def console(page: Page, address: str) -> ConsolePage:
    """The page, with a key that may do everything."""
    console = ConsolePage(page, address, POSTER.token).open()
    console.enter_key()
    return console
