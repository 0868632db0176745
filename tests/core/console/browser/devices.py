"""What a page is seen on: the size of the screen, light or dark, and the time zone."""

from typing import Literal, NamedTuple

from playwright.sync_api import Browser, BrowserContext


class Device(NamedTuple):
    width: int
    """In CSS pixels."""
    height: int
    scheme: Literal["light", "dark"]
    timezone: str = "Europe/Berlin"

    def context(self, browser: Browser) -> BrowserContext:
        return browser.new_context(
            viewport={"width": self.width, "height": self.height},
            color_scheme=self.scheme,
            timezone_id=self.timezone,
            locale="en-GB",
        )

    def __str__(self) -> str:
        return f"{self.width} px, {self.scheme}"


DESKTOP = Device(1280, 900, "light")
DESKTOP_DARK = Device(1280, 900, "dark")
PHONE = Device(360, 740, "light")
PHONE_DARK = Device(360, 740, "dark")
DEVICES = (DESKTOP, DESKTOP_DARK, PHONE, PHONE_DARK)
