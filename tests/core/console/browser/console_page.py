"""The console as a person uses it: by the roles and the names of what is on it."""

import re
from typing import NamedTuple
from urllib.parse import quote

from playwright.sync_api import Locator, Page, expect


class Row(NamedTuple):
    """A row of the table of entries. `time` is in UTC, as in the API."""

    time: str
    operation: str
    amount: int
    balance: int
    nonce: str


class ConsolePage:
    def __init__(self, page: Page, address: str, token: str = "") -> None:
        """`address` is the service's, without a slash at the end."""
        self.page = page
        self.address = address
        self.token = token
        self.key = page.get_by_label("Key", exact=True)
        self.use_key = page.get_by_role("button", name="Use key")
        self.search = page.get_by_role("search", name="Look an owner up")
        self.owner = self.search.get_by_role("textbox", name="Owner")
        self.look_up_button = self.search.get_by_role("button", name="Look up")
        self.heading = page.get_by_role("heading", level=2)
        self.balance = page.locator("#balance")
        self.status = page.locator("#status")
        self.alert = page.locator("#alert")
        self.try_again = self.alert.get_by_role("button", name="Try again")
        self.entries = page.get_by_role("table", name="Entries")
        self.rows = self.entries.locator("tbody tr")
        self.load_more = page.get_by_role("button", name="Load more")
        self.filter = page.get_by_role("group", name="Filter")
        self.plot = page.locator("svg#plot")
        self.limits = page.get_by_role("region", name="Limits")
        self.find_form = page.get_by_role("form", name="Find an entry")
        self.entry = page.get_by_role("region", name="Entry", exact=True)
        self.post_form = page.get_by_role("form", name="Post", exact=True)
        self.dialog = page.get_by_role("dialog", name="Post this entry?")

    def open(self, fragment: str = "") -> "ConsolePage":
        self.page.goto(f"{self.address}/console{fragment}")
        return self

    def enter_key(self, token: str | None = None) -> None:
        self.key.fill(self.token if token is None else token)
        self.use_key.click()

    def look_up(self, owner_id: str) -> None:
        """Looks an owner up, and waits until the answer is shown."""
        self.owner.fill(owner_id)
        self.look_up_button.click()
        self.expect_owner(owner_id)

    def expect_owner(self, owner_id: str) -> None:
        expect(self.page.get_by_role("heading", level=2, name=owner_id, exact=True)).to_be_visible()
        expect(self.balance).to_have_attribute("data-value", re.compile(r"\d+"))

    def expect_balance(self, balance: int) -> None:
        expect(self.balance).to_have_attribute("data-value", str(balance))
        expect(self.balance).to_have_text(re.compile(re.escape(f"{balance:,}")))

    def shown(self, rows: Locator | None = None) -> list[Row]:
        """The rows of the table, from the top."""
        texts = (rows or self.rows).evaluate_all(_READ_ROWS)
        return [
            Row(time, operation, _number(amount), _number(balance), nonce)
            for time, operation, amount, balance, nonce in texts
        ]

    def expect_rows(self, count: int) -> list[Row]:
        expect(self.rows).to_have_count(count)
        return self.shown()

    def expect_first(self, nonce: str) -> None:
        """Waits until the entry with this nonce is the first of the table."""
        expect(self.rows.first.locator("td, th").last).to_have_text(nonce)

    def choose(
        self,
        *,
        operation: str | None = None,
        begin: str | None = None,
        end: str | None = None,
        order: str | None = None,
    ) -> None:
        """Changes what is given in the filter, and applies it. Times are local."""
        for name, choice in (("Operation", operation), ("Order", order)):
            if choice is not None:
                self.filter.get_by_label(name).select_option(choice)
        for name, time in (("From", begin), ("To", end)):
            if time is not None:
                self.filter.get_by_label(name).fill(time)
        self.filter.get_by_role("button", name="Apply").click()

    def find(self, nonce: str) -> None:
        self.find_form.get_by_role("textbox", name="Nonce").fill(nonce)
        self.find_form.get_by_role("button", name="Find").click()

    def fill_post(self, operation: str, reason: str, quantity: int | None = None) -> None:
        self.post_form.get_by_role("combobox", name="Operation").select_option(operation)
        if quantity is not None:
            self.quantity.fill(str(quantity))
        self.post_form.get_by_role("textbox", name="Reason").fill(reason)

    def post(self) -> None:
        """Posts what is in the form, and confirms it."""
        self.post_button.click()
        self.post_it.click()

    @property
    def quantity(self) -> Locator:
        return self.post_form.get_by_role("spinbutton", name="Quantity")

    @property
    def post_button(self) -> Locator:
        return self.post_form.get_by_role("button", name="Post", exact=True)

    @property
    def post_it(self) -> Locator:
        return self.dialog.get_by_role("button", name="Post it")

    @property
    def cancel(self) -> Locator:
        return self.dialog.get_by_role("button", name="Cancel")


_READ_ROWS = """rows => rows.map(row => {
  const [time, ...rest] = row.querySelectorAll('td, th')
  return [time.querySelector('time').dateTime, ...rest.map(cell => cell.textContent.trim())]
})"""


def owner_link(owner_id: str) -> str:
    return f"#owner={quote(owner_id, safe='')}"


def _number(text: str) -> int:
    """The number that `text` shows, with its sign and groups of digits."""
    return int(re.sub(r"[^\d-]", "", text.replace("\N{MINUS SIGN}", "-")))
