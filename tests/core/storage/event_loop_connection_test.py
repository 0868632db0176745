"""The connection on the event loop: every phase of a statement in which a server can fail."""

import asyncio

import psycopg2
import pytest
from pydantic import SecretStr

from core.storage.opening import LONG, SHORT, open_at, run
from core.testing.databases import execute
from core.testing.unreliable_proxy import UnreliableProxy


def test_returns_the_rows_of_the_last_statement(empty_url: SecretStr) -> None:
    async def test() -> None:
        connection = await open_at(empty_url)
        assert await connection.execute("SELECT 1; SELECT 2, 'x'", timeout=LONG) == [(2, "x")]
        assert await connection.execute("SELECT %(n)s + 1", {"n": 4}, timeout=LONG) == [(5,)]
        assert await connection.execute("CREATE TABLE empty ()", timeout=LONG) == []
        connection.close()
        assert connection.is_closed

    run(test())


def test_an_error_of_a_statement_leaves_the_connection_usable(empty_url: SecretStr) -> None:
    async def test() -> None:
        connection = await open_at(empty_url)
        with pytest.raises(psycopg2.errors.DivisionByZero):
            await connection.execute("SELECT 1 / 0", timeout=LONG)
        assert await connection.execute("SELECT 1", timeout=LONG) == [(1,)]
        await connection.execute("BEGIN", timeout=LONG)
        began = connection.in_transaction
        await connection.execute("ROLLBACK", timeout=LONG)
        assert (began, connection.in_transaction) == (True, False)
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


def test_the_loop_goes_on_while_a_statement_runs(empty_url: SecretStr) -> None:
    async def test() -> None:
        connection = await open_at(empty_url)
        sleeping = asyncio.create_task(connection.execute("SELECT pg_sleep(0.5)", timeout=LONG))
        ticks = 0
        while not sleeping.done():
            await asyncio.sleep(0.01)
            ticks += 1
        assert ticks > 5
        connection.close()

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


def test_the_end_of_an_idle_connection_is_noticed_with_its_cause(empty_url: SecretStr) -> None:
    async def test() -> None:
        connection = await open_at(empty_url)
        [(pid,)] = await connection.execute("SELECT pg_backend_pid()", timeout=LONG)
        await asyncio.to_thread(execute, empty_url, f"SELECT pg_terminate_backend({pid})")
        while not connection.is_closed:
            await asyncio.sleep(0.01)
        with pytest.raises(psycopg2.OperationalError, match="closed: .*unexpectedly"):
            await connection.execute("SELECT 1", timeout=LONG)

    run(test())


def test_a_notice_to_an_idle_connection_is_no_end(empty_url: SecretStr) -> None:
    async def test() -> None:
        connection, other = await open_at(empty_url), await open_at(empty_url)
        await connection.execute("LISTEN news", timeout=LONG)
        await other.execute("NOTIFY news", timeout=LONG)
        await asyncio.sleep(0.1)
        assert await connection.execute("SELECT 1", timeout=LONG) == [(1,)]
        connection.close()
        other.close()

    run(test())


def test_a_cancelled_statement_closes_the_connection(empty_url: SecretStr) -> None:
    async def test() -> None:
        connection = await open_at(empty_url)
        sleeping = asyncio.create_task(connection.execute("SELECT pg_sleep(60)", timeout=LONG))
        await asyncio.sleep(0)
        sleeping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sleeping
        assert connection.is_closed

    run(test())


def test_closing_ends_a_statement(empty_url: SecretStr) -> None:
    async def test() -> None:
        connection = await open_at(empty_url)
        sleeping = asyncio.create_task(connection.execute("SELECT pg_sleep(60)", timeout=LONG))
        await asyncio.sleep(0)
        connection.close()
        with pytest.raises(psycopg2.OperationalError, match="closed"):
            await sleeping

    run(test())
