"""How a connection on the event loop is opened, and how that fails."""

import socket
import threading
import time
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import psycopg2
import pytest
from pydantic import SecretStr

from core.storage.opening import LONG, SHORT, open_at, run
from core.testing.unreliable_proxy import UnreliableProxy


def with_hosts(url: SecretStr, port: int, before: str) -> SecretStr:
    """The URL with other hosts `before` its own, which is 127.0.0.1.

    Its own is named several times, so that it has most of the time, even on a slow machine.
    """
    own = f"127.0.0.1:{port}"
    return SecretStr(url.get_secret_value().replace(own, f"{before},{own},{own},{own}"))


async def assert_opens(url: SecretStr, timeout: float = LONG) -> None:
    connection = await open_at(url, timeout)
    assert await connection.execute("SELECT 1", timeout=LONG) == [(1,)]
    connection.close()


def test_a_server_that_accepts_and_never_answers() -> None:
    async def test() -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = silent.getsockname()[1]
            before = time.monotonic()
            with pytest.raises(psycopg2.OperationalError, match="no answer in time: connecting"):
                await open_at(SecretStr(f"postgresql://u@127.0.0.1:{port}/db"), SHORT)
            assert time.monotonic() - before < LONG

    run(test())


def test_a_server_that_refuses() -> None:
    async def test() -> None:
        with socket.create_server(("127.0.0.1", 0)) as gone:
            port = gone.getsockname()[1]
        with pytest.raises(psycopg2.OperationalError, match="refused"):
            await open_at(SecretStr(f"postgresql://u@127.0.0.1:{port}/db"))

    run(test())


def test_a_host_that_cannot_be_resolved() -> None:
    async def test() -> None:
        with pytest.raises(psycopg2.OperationalError, match="cannot resolve the host"):
            await open_at(SecretStr("postgresql://u@no-such-host.invalid/db"))

    run(test())


def test_a_silent_host_leaves_time_for_the_next_one(
    proxy_and_url: tuple[UnreliableProxy, SecretStr],
) -> None:
    proxy, url = proxy_and_url
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        hosts = f"no-such-host.invalid:{port},127.0.0.1:{port}"
        run(assert_opens(with_hosts(url, proxy.port, hosts), 4))


@pytest.mark.parametrize(
    "before",
    [
        "127.0.0.1:{gone},localhost:{gone}",
        "%2Fno%2Fsuch%2Ffolder:{gone}",  # connect() fails at once
        "255.255.255.255:{gone}",  # as above: the network is unreachable
        "a..b:{gone}",  # for which the look-up raises a UnicodeError
        "no-such-host.invalid:{gone}",
    ],
)
def test_the_next_host_is_tried(
    proxy_and_url: tuple[UnreliableProxy, SecretStr], before: str
) -> None:
    proxy, url = proxy_and_url
    with socket.create_server(("127.0.0.1", 0)) as listener:
        gone = listener.getsockname()[1]
    run(assert_opens(with_hosts(url, proxy.port, before.format(gone=gone))))


def test_the_next_host_is_tried_after_a_server_without_tls(
    empty_url: SecretStr, proxy_and_url: tuple[UnreliableProxy, SecretStr]
) -> None:
    proxy, url = proxy_and_url
    [folder] = parse_qs(urlsplit(empty_url.get_secret_value()).query)["host"]
    several = url.get_secret_value().replace(
        f":{proxy.port}/", f":{proxy.port},{quote(folder, safe='')}:5432/"
    )
    # TLS does not apply to sockets.
    run(assert_opens(SecretStr(several.replace("=disable", "=require"))))


def test_a_look_up_without_an_answer_leaves_time_for_the_next_host(
    proxy_and_url: tuple[UnreliableProxy, SecretStr], monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, url = proxy_and_url
    resolve, answered = socket.getaddrinfo, threading.Event()

    def look_up(host: str, *more: Any, **options: Any) -> Any:
        if host == "unanswered.invalid":
            answered.wait(LONG)
        return resolve(host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)

    async def test() -> None:
        try:
            await assert_opens(with_hosts(url, proxy.port, "unanswered.invalid:1"), 4)
        finally:
            answered.set()

    run(test())


def test_a_silent_address_leaves_time_for_the_next_one(
    proxy_and_url: tuple[UnreliableProxy, SecretStr],
) -> None:
    proxy, url = proxy_and_url
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        several = with_hosts(url, proxy.port, f"127.0.0.1:{port}").get_secret_value()
        addresses = ",".join(["127.0.0.1"] * 4)
        run(assert_opens(SecretStr(f"{several}&hostaddr={addresses}"), 4))


def test_lists_that_do_not_match_are_refused() -> None:
    async def test() -> None:
        with pytest.raises(psycopg2.OperationalError, match="could not match 2 port numbers"):
            await open_at(SecretStr("postgresql://u@/db?host=127.0.0.1,127.0.0.1,/tmp&port=1,2"))

    run(test())


@pytest.mark.parametrize("hosts", ["%2Fno%2Fsuch:1,a..b:1", "a..b:1,%2Fno%2Fsuch:1"])
def test_the_error_is_that_of_a_server_rather_than_of_a_look_up(hosts: str) -> None:
    async def test() -> None:
        with pytest.raises(psycopg2.OperationalError, match="No such file or directory"):
            await open_at(SecretStr(f"postgresql://u@{hosts}/db"))

    run(test())


@pytest.mark.parametrize("drop_after", [0, 1, 13, 100, 300])
def test_a_connection_that_drops_while_connecting(
    proxy_and_url: tuple[UnreliableProxy, SecretStr], drop_after: int
) -> None:
    proxy, url = proxy_and_url
    proxy.drop_after = drop_after

    async def test() -> None:
        with pytest.raises(psycopg2.OperationalError):
            await open_at(url)

    run(test())
