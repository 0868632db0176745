"""How a connection on the event loop is opened, and how that fails."""

import socket
import time

import psycopg2
import pytest
from pydantic import SecretStr

from core.storage.opening import LONG, SHORT, open_at, run
from core.testing.unreliable_proxy import UnreliableProxy


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

    async def test() -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = silent.getsockname()[1]
            several = url.get_secret_value().replace(
                f"127.0.0.1:{proxy.port}", f"no-such-host.invalid,127.0.0.1:{port},127.0.0.1"
            )
            several = several.replace("invalid,", f"invalid:{port},").replace(
                "127.0.0.1/", f"127.0.0.1:{proxy.port}/"
            )
            connection = await open_at(SecretStr(several), 4)
            assert await connection.execute("SELECT 1", timeout=LONG) == [(1,)]
            connection.close()

    run(test())


def test_the_next_host_is_tried(proxy_and_url: tuple[UnreliableProxy, SecretStr]) -> None:
    proxy, url = proxy_and_url
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    several = url.get_secret_value().replace(
        f"127.0.0.1:{proxy.port}", f"127.0.0.1:{port},localhost:{port},localhost:{proxy.port}"
    )

    async def test() -> None:
        connection = await open_at(SecretStr(several))
        assert await connection.execute("SELECT 1", timeout=LONG) == [(1,)]
        connection.close()

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
