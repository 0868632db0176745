"""Records what a page must never do, in any test."""

from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Page, Request, WebError

# The browser tells the page, which does not know that it is being watched.
_REPORT_VIOLATIONS = """
document.addEventListener('securitypolicyviolation', (event) =>
  console.error(`POLICY ${event.effectiveDirective} ${event.blockedURI} ${event.sample}`))
"""


class Watch:
    """What the pages of a browser's context did wrong."""

    def __init__(self, context: BrowserContext, origin: str) -> None:
        """`origin` is that of the service."""
        self.origins = {origin}
        """Those that the pages may use."""
        self.requested: list[str] = []
        """The URL of each request."""
        self.faults: list[str] = []
        """Requests to other origins, violations of the policy, errors that no code caught."""
        context.add_init_script(_REPORT_VIOLATIONS)
        context.on("request", self._request)
        context.on("console", self._message)
        context.on("weberror", self._error)
        context.on("dialog", self._dialog)

    def _request(self, request: Request) -> None:
        self.requested.append(request.url)
        parts = urlsplit(request.url)
        if f"{parts.scheme}://{parts.netloc}" not in self.origins and parts.scheme != "data":
            self.faults.append(f"a request to {request.url}")

    def _message(self, message: ConsoleMessage) -> None:
        # Chromium also writes an error for each response from 400 on, which is not a fault.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.faults.append(f"an error on the console: {message.text}")

    def _error(self, error: WebError) -> None:
        self.faults.append(f"an uncaught error: {error.error}")

    def _dialog(self, dialog: Dialog) -> None:
        self.faults.append(f"a dialog of a script: {dialog.message}")
        dialog.dismiss()


def assert_no_horizontal_scroll(page: Page) -> None:
    width, visible = page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert width <= visible, f"the page is {width} px wide, and {visible} px are visible"
