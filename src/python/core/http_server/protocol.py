"""The HTTP/1.1 requests of a connection: limits their size and the time in which they arrive."""

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT

from core.http_server.connection import NEVER, Connection
from core.http_server.limits import MAX_HEAD_BYTES
from core.http_server.refusals import BAD_REQUEST, HEAD_TOO_LARGE

_UPGRADE_HEADERS = (b"upgrade", b"http2-settings")


class _ParserFails(Exception):
    """Makes the parser fail when a callback raises it."""


class HttpProtocol(Connection):
    """Overrides callbacks that uvicorn's parser calls for every request."""

    _unparsed = 0  # bytes that have arrived since the last part of a body
    _refusal = BAD_REQUEST  # if the parser fails
    _is_upgrade = False

    def data_received(self, data: bytes) -> None:
        if self._discarding:
            self._discard(data)
            return
        self._unparsed += len(data)
        try:
            self._parse(data)
        except httptools.HttpParserError:
            self._refuse(self._refusal)
        else:
            if self._unparsed > MAX_HEAD_BYTES:
                self._refuse(HEAD_TOO_LARGE)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._receiving = True
        self._deadline = self.loop.time() + self._limits.receive_timeout

    def on_headers_complete(self) -> None:
        if self._unparsed > MAX_HEAD_BYTES:  # a smaller head cannot exceed the limit
            size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
            if size > MAX_HEAD_BYTES:
                self._refusal = HEAD_TOO_LARGE
                raise _ParserFails
            self._unparsed = 0
        if self.parser.should_upgrade():
            if self.parser.get_method() == b"CONNECT":
                raise _ParserFails  # this is not a proxy
            self._is_upgrade = True
            return
        super().on_headers_complete()
        if self._is_last_request or self._drain.has_begun:
            self.cycle.keep_alive = False  # so that the client connects again, to another service

    # The next two do what uvicorn's do, except that there is never an upgrade.

    def on_body(self, body: bytes) -> None:
        self._unparsed = 0
        cycle = self.cycle
        if not cycle.response_complete:
            cycle.body += body
            if len(cycle.body) > HIGH_WATER_LIMIT:
                self.flow.pause_reading()
            cycle.message_event.set()

    def on_message_complete(self) -> None:
        if self._is_upgrade:
            return
        self._receiving = False
        self._unparsed = 0
        self.cycle.more_body = False
        if self.cycle.response_complete:  # it did not wait for all of the request
            self._wait_for_request()
        else:
            self._deadline = NEVER
            self.cycle.message_event.set()

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self._is_closing():
            return
        if self._receiving and self.expect_100_continue:
            self._close()  # whether the client will send the body is unknown
            return
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif not self._receiving:
            self._wait_for_request()
        self.flow.resume_reading()

    def _parse(self, data: bytes) -> None:
        """Parses a request; if it asks for a protocol upgrade, again without those headers.

        A server may ignore the upgrade, but after such a head the parser treats everything, even
        the body, as the other protocol: https://www.rfc-editor.org/rfc/rfc9110#section-7.8
        """
        while data:
            try:
                self.parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as upgrade:
                head = [self.parser.get_method(), b" ", self.url, b" HTTP/1.1\r\n"]
                for name, value in self.headers:
                    if name not in _UPGRADE_HEADERS:
                        head += [name, b": ", value, b"\r\n"]
                data = b"".join([*head, b"\r\n", data[upgrade.args[0] :]])
                self._is_upgrade = False
                self.parser = httptools.HttpRequestParser(self)
