"""Writes the picture of the console: ./pants run tests/trials/console_picture.py -- FILE

Its data are always the same, except for the ends of the limits' periods. With `--all`, it writes
one for each device beside it, to look at.
"""

import argparse
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

from playwright.sync_api import Browser, expect

from core.console.browser.browsers import running_browser
from core.console.browser.console_page import ConsolePage, owner_link
from core.console.browser.devices import DESKTOP, DEVICES, Device
from core.console.browser.sample_data import (
    API_KEYS,
    POSTER,
    Given,
    address_of,
    give,
)
from core.settings.groups import DatabaseSettings, ServiceSettings
from core.testing.databases import throwaway_databases
from core.testing.threaded_service import served
from sample.limited_ledger import LIMITED_LEDGER

OWNER = "ann@example.com"
_FIRST = datetime(2026, 9, 7, 7, 12, 40, tzinfo=timezone.utc)
_SPENT = (6, 2, 14, 4, 8, 2, 22, 6, 4, 10)  # credits


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, nargs="?", default=Path("docs/console.png"))
    parser.add_argument("--all", action="store_true", help="one for each device")
    arguments = parser.parse_args()
    with throwaway_databases() as databases, running_browser() as browser:
        url = databases.migrated(LIMITED_LEDGER.name)
        give(url, OWNER, _entries())
        settings = ServiceSettings(api_keys=API_KEYS)
        with served(LIMITED_LEDGER, DatabaseSettings(database_url=url), settings) as client:
            _take(browser, address_of(client), DESKTOP._replace(height=1120), arguments.file)
            for device in DEVICES if arguments.all else ():
                file = arguments.file.with_stem(f"{arguments.file.stem} {device}")
                _take(browser, address_of(client), device, file, whole=True)


def _entries() -> Iterator[Given]:
    """Two months of somebody who travels."""
    yield Given("SIGNUP_CREDIT", 3, "signup", _FIRST)
    balance, time = 3, _FIRST
    for number in range(90):
        time += timedelta(hours=5 + number * 7 % 23, seconds=number * 311)
        spent = _SPENT[number % len(_SPENT)]
        if number % 9 == 4:
            operation, amount, nonce = "CREDIT_ADD", 10, f"order-{20417 + number * 13}"
        elif number % 5 == 2 or balance < spent:
            operation, amount, nonce = "BOOKING_REWARD", 5, f"booking-{7300 + number * 3}"
        elif number % 3 == 0:
            operation, amount, nonce = "DAILY_REWARD", 1, f"day-{time:%Y-%m-%d}"
        else:
            operation, amount, nonce = "CREDIT_SPEND", -spent, f"trip-{910 + number}"
        balance += amount
        yield Given(operation, amount, nonce, time)
    yield Given(
        "CREDIT_ADD",
        10,
        "console: sorry for the outage of 3 November #5e1fa0c7",
        time + timedelta(hours=3),
    )


def _take(
    browser: Browser, address: str, device: Device, file: Path, *, whole: bool = False
) -> None:
    with device.context(browser) as context:
        page = context.new_page()
        console = ConsolePage(page, address, POSTER.token).open(owner_link(OWNER))
        console.enter_key()
        console.expect_owner(OWNER)
        console.fill_post("CREDIT_ADD", "goodwill for the cancelled trip")
        expect(console.post_form).to_contain_text("goodwill")
        page.evaluate("scrollTo({top: 0, behavior: 'instant'})")
        page.screenshot(path=file, full_page=whole)
    print(f"{file}: {file.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
