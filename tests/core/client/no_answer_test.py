"""A call that gets no answer says why, how often it was tried, and what to look at."""

import asyncio
import logging
import re
import socket
import ssl
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Thread

import httpx
import pytest

from core.client import tries
from core.client.async_ledger_client import AsyncLedgerClient
from core.client.exceptions import NoAnswer
from core.client.ledger_client import LedgerClient
from core.client.tls_mistakes import tls_mistake
from sample.operations import SampleOperation

ADD = SampleOperation.CREDIT_ADD
ADVICE = r"is the service running, and is this its address\?"
Failure = Callable[[str], NoAnswer]


def post(url: str) -> NoAnswer:
    with (
        LedgerClient(url, operations=SampleOperation, deadline=1) as client,
        pytest.raises(NoAnswer) as failed,
    ):
        client.post(owner_id="ann", operation=ADD)
    return failed.value


def post_asynchronously(url: str) -> NoAnswer:
    async def run() -> NoAnswer:
        async with AsyncLedgerClient(url, operations=SampleOperation, deadline=1) as client:
            with pytest.raises(NoAnswer) as failed:
                await client.post(owner_id="ann", operation=ADD)
            return failed.value

    return asyncio.run(run())


both = pytest.mark.parametrize("failure", [post, post_asynchronously])


@pytest.fixture(scope="module")
def refusing() -> str:
    """A URL at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@pytest.fixture
def plain() -> Iterator[tuple[str, list[bytes]]]:
    """The https:// URL of a server without TLS, and the first bytes of each connection to it."""
    seen: list[bytes] = []

    def answer(server: socket.socket) -> None:
        with suppress(OSError):  # until the test ends
            while True:
                connection, _ = server.accept()
                with connection:
                    seen.append(connection.recv(1))
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = Thread(target=answer, args=(server,))
        thread.start()
        yield f"https://127.0.0.1:{server.getsockname()[1]}", seen
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


@pytest.fixture(scope="module", params=[post, post_asynchronously])
def refused(request: pytest.FixtureRequest, refusing: str) -> NoAnswer:
    """What a post to that URL raises."""
    failure: Failure = request.param
    with pytest.MonkeyPatch.context() as patch:
        # Tries after 0, 0.35 and 0.7 s, so that the deadline after 1 s cuts none of them off.
        patch.setattr(tries, "wait_before_retry", lambda *_: 0.35)
        return failure(refusing)


def test_a_refused_connection_says_that_nothing_was_posted(
    refused: NoAnswer, refusing: str
) -> None:
    assert refused.tries > 1 and refused.seconds > 0
    assert re.fullmatch(
        rf"No answer from {refusing}: .+, after {refused.tries} tries in {refused.seconds:.1f} s; "
        rf"nothing was posted; {ADVICE}",
        str(refused),
    )


def test_its_traceback_fits_on_a_screen(refused: NoAnswer) -> None:
    assert len("".join(traceback.format_exception(refused)).splitlines()) < 40


def test_a_read_does_not_mention_posts(refusing: str) -> None:
    with (
        LedgerClient(refusing, operations=SampleOperation, deadline=0.1) as client,
        pytest.raises(NoAnswer, match=ADVICE) as failed,
    ):
        client.balance("ann")
    assert "posted" not in str(failed.value)


def test_only_the_first_failed_try_is_logged_at_info(
    refusing: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "core.client")
    tries = post(refusing).tries
    [message] = [record.getMessage() for record in caplog.records if record.name.startswith("core")]
    assert tries > 2 and message.startswith(
        f"trying again for up to 1 s: No answer from {refusing}"
    )


@both
def test_a_service_without_tls_is_tried_once(
    failure: Failure, plain: tuple[str, list[bytes]]
) -> None:
    url, seen = plain
    error = failure(url)
    assert error.lasting and len(seen) == 1
    assert str(error).endswith("; does the service speak http:// rather than https://?")


def test_an_untrusted_certificate_is_named() -> None:
    untrusted = httpx.ConnectError("certificate verify failed")
    untrusted.__cause__ = ssl.SSLCertVerificationError(1, "certificate verify failed")
    assert "trust" in str(tls_mistake(untrusted))
    assert tls_mistake(httpx.ConnectError("refused")) is None
    assert tls_mistake(ssl.SSLEOFError(8, "EOF occurred in violation of protocol")) is None
