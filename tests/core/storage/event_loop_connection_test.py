"""The connection on the event loop: every phase in which a server or a network can fail."""

import asyncio
import socket
import time
from collections.abc import Coroutine, Iterator
from typing import Any

import psycopg2
import pytest
from pydantic import SecretStr

from core.storage.connections import libpq_parameters
from core.storage.event_loop_connection import EventLoopConnection
from core.testing.databases import Databases, execute
from core.testing.unreliable_proxy import UnreliableProxy, proxied

LONG = 60.0
SHORT = 0.3


def parameters(url: SecretStr) -> dict[str, Any]:
    return libpq_parameters(url, statement_timeout=LONG, lock_timeout=LONG)


async def open_at(url: SecretStr, timeout: float = LONG) -> EventLoopConnection:
    return await EventLoopConnection.open(parameters(url), timeout=timeout)


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, LONG))


@pytest.fixture
def url(databases: Databases) -> SecretStr:
    return databases.empty()


@pytest.fixture
def proxy_and_url(url: SecretStr) -> Iterator[tuple[UnreliableProxy, SecretStr]]:
    with proxied(url) as proxy_and_url:
        yield proxy_and_url


def test_returns_the_rows_of_the_last_statement(url: SecretStr) -> None:
    async def test() -> None:
        connection = await open_at(url)
        assert await connection.execute("SELECT 1; SELECT 2, 'x'", timeout=LONG) == [(2, "x")]
        assert await connection.execute("SELECT %(n)s + 1", {"n": 4}, timeout=LONG) == [(5,)]
        assert await connection.execute("CREATE TABLE empty ()", timeout=LONG) == []
        connection.close()
        assert connection.is_closed

    run(test())


def test_an_error_of_a_statement_leaves_the_connection_usable(url: SecretStr) -> None:
    async def test() -> None:
        connection = await open_at(url)
        with pytest.raises(psycopg2.errors.DivisionByZero):
            await connection.execute("SELECT 1 / 0", timeout=LONG)
        assert await connection.execute("SELECT 1", timeout=LONG) == [(1,)]
        await connection.execute("BEGIN", timeout=LONG)
        assert connection.in_transaction
        await connection.execute("ROLLBACK", timeout=LONG)
        assert not connection.in_transaction
        connection.close()

    run(test())


@pytest.mark.parametrize("chunk, length", [(1, 1000), (7, 1000), (65536, 10_000_000)])
def test_answers_of_any_length_in_any_pieces_are_complete(
    proxy_and_url: tuple[UnreliableProxy, SecretStr], chunk: int, length: int
) -> None:
    proxy, url = proxy_and_url
    proxy.chunk = chunk

    async def test() -> None:
        connection = await open_at(url)
        sent = "é" * length
        rows = await connection.execute("SELECT %(sent)s::text", {"sent": sent}, timeout=LONG)
        assert rows == [(sent,)]
        connection.close()

    run(test())


def test_the_loop_goes_on_while_a_statement_runs(url: SecretStr) -> None:
    async def test() -> None:
        connection = await open_at(url)
        sleeping = asyncio.create_task(connection.execute("SELECT pg_sleep(0.5)", timeout=LONG))
        ticks = 0
        while not sleeping.done():
            await asyncio.sleep(0.01)
            ticks += 1
        assert ticks > 5
        connection.close()

    run(test())


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


def test_a_statement_without_an_answer_ends_in_time_and_closes(
    proxy_and_url: tuple[UnreliableProxy, SecretStr],
) -> None:
    proxy, url = proxy_and_url

    async def test() -> None:
        connection = await open_at(url)
        proxy.frozen = True
        with pytest.raises(psycopg2.OperationalError, match="no answer in time"):
            await connection.execute("SELECT 1", timeout=SHORT)
        assert connection.is_closed
        with pytest.raises(psycopg2.OperationalError, match="the connection is closed"):
            await connection.execute("SELECT 1", timeout=SHORT)

    run(test())


def test_a_connection_that_drops_during_a_statement(
    proxy_and_url: tuple[UnreliableProxy, SecretStr],
) -> None:
    proxy, url = proxy_and_url

    async def test() -> None:
        connection = await open_at(url)
        sleeping = asyncio.create_task(connection.execute("SELECT pg_sleep(60)", timeout=LONG))
        await asyncio.sleep(0)
        proxy.drop_all()
        with pytest.raises(psycopg2.OperationalError):
            await sleeping
        assert connection.is_closed

    run(test())


def test_the_end_of_an_idle_connection_is_noticed_with_its_cause(url: SecretStr) -> None:
    async def test() -> None:
        connection = await open_at(url)
        [(pid,)] = await connection.execute("SELECT pg_backend_pid()", timeout=LONG)
        await asyncio.to_thread(execute, url, f"SELECT pg_terminate_backend({pid})")
        while not connection.is_closed:
            await asyncio.sleep(0.01)
        with pytest.raises(psycopg2.OperationalError, match="closed: .*unexpectedly"):
            await connection.execute("SELECT 1", timeout=LONG)

    run(test())


def test_a_notice_to_an_idle_connection_is_no_end(url: SecretStr) -> None:
    async def test() -> None:
        connection, other = await open_at(url), await open_at(url)
        await connection.execute("LISTEN news", timeout=LONG)
        await other.execute("NOTIFY news", timeout=LONG)
        await asyncio.sleep(0.1)
        assert await connection.execute("SELECT 1", timeout=LONG) == [(1,)]
        connection.close()
        other.close()

    run(test())


def test_a_cancelled_statement_closes_the_connection(url: SecretStr) -> None:
    async def test() -> None:
        connection = await open_at(url)
        sleeping = asyncio.create_task(connection.execute("SELECT pg_sleep(60)", timeout=LONG))
        await asyncio.sleep(0)
        sleeping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sleeping
        assert connection.is_closed

    run(test())


def test_closing_ends_a_statement(url: SecretStr) -> None:
    async def test() -> None:
        connection = await open_at(url)
        sleeping = asyncio.create_task(connection.execute("SELECT pg_sleep(60)", timeout=LONG))
        await asyncio.sleep(0)
        connection.close()
        with pytest.raises(psycopg2.OperationalError, match="closed"):
            await sleeping

    run(test())
