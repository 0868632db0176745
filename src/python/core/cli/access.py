"""Gives commands a client of the ledger: of a service, or of the configured database.

Without a service, the application that would serve the database runs in this process, so that a
command does the same in both cases.
"""

import asyncio
import functools
import logging
import os
import shlex
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import click
import httpx

from core.client.async_ledger_client import AsyncLedgerClient
from core.client.exceptions import (
    ClientError,
    InvalidRequest,
    NoAnswer,
    Problem,
    UnexpectedAnswer,
    is_refusal,
)
from core.client.tries import RETRIED
from core.ledgers.errors import DatabaseNotMigrated, DatabaseUnavailable
from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.settings.environment import read_settings
from core.settings.groups import DatabaseSettings, ServiceSettings
from core.settings.secret_files import read_file

_PARAMETERS = {
    **{"path.owner_id": "OWNER", "body.owner_id": "OWNER", "body.operation": "OPERATION"},
    **{"body.nonce": "--nonce", "body.quantity": "--quantity"},
    **{"query.operation": "--operation", "query.from": "--since", "query.to": "--until"},
}
"""The argument or option from which each field of a request comes."""


@dataclass(frozen=True)
class Access:
    """Where the ledger is: the service at `url`, or without one, the configured database.

    `timeout` is how many seconds to try to get each answer of a service.
    """

    url: str | None
    api_key: str | None
    timeout: float


Use = Callable[[AsyncLedgerClient[OperationT]], Awaitable[None]]


class Refused(click.ClickException):
    """Exits with a message: the same command would fail again."""

    exit_code = 1

    def __init__(self, app: str, message: str) -> None:
        super().__init__(f"{app}: {message}")

    def show(self, file: object = None) -> None:
        click.echo(self.message, err=True)


class NotAnswered(Refused):
    """Exits with a message: the same command may succeed later."""

    exit_code = 3


def access_options(app: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Adds the options that say where the ledger is to a command, which gets an `access`.

    They raise ConfigurationError if the file with the key cannot be read.
    """

    def add(command: Callable[..., None]) -> Callable[..., None]:
        @click.option(
            "--url",
            envvar=[f"{app.upper()}_LEDGER_URL", "LEDGER_URL"],
            show_envvar=True,
            help="URL of a service to use instead of the configured database.",
        )
        @click.option(
            "--api-key-file",
            metavar="FILE",
            envvar=[f"{app.upper()}_API_KEY_FILE", "API_KEY_FILE"],
            show_envvar=True,
            help="File with the key for the service. "
            f"{app.upper()}_API_KEY or API_KEY can have the key itself.",
        )
        @click.option(
            "--timeout",
            type=click.FloatRange(min=0.1),
            default=15,
            show_default=True,
            help="How many seconds to try to get each answer of the service.",
        )
        @functools.wraps(command)
        def with_access(
            url: str | None, api_key_file: str | None, timeout: float, **others: object
        ) -> None:
            command(access=Access(url, _api_key(app, api_key_file), timeout), **others)

        return with_access

    return add


def _api_key(app: str, file: str | None) -> str | None:
    if file is not None:
        return read_file(file, "--api-key-file").strip()
    # Not an option, because every user of the machine can see the arguments of a process.
    given = os.environ.get(f"{app.upper()}_API_KEY") or os.environ.get("API_KEY")
    return given and given.strip()


def with_client(ledger: Ledger[OperationT], access: Access, use: Use[OperationT]) -> None:
    """Runs `use` with a client of the ledger.

    Raises Refused or NotAnswered if the ledger refuses something or does not answer, and
    LedgerError if a setting is invalid or the database is not migrated.
    """
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log every request
    try:
        if access.url is None:
            _use_database(ledger, use)
        else:
            asyncio.run(_use_service(ledger, access.url, access, use))
    except ClientError as error:
        kind = NotAnswered if _may_succeed_later(error) else Refused
        raise kind(ledger.name, _explained(error)) from error
    except DatabaseNotMigrated:
        raise
    except DatabaseUnavailable as error:
        raise NotAnswered(ledger.name, str(error)) from error


async def _use_service(
    ledger: Ledger[OperationT], url: str, access: Access, use: Use[OperationT]
) -> None:
    async with AsyncLedgerClient(
        url,
        operations=ledger.operations,
        api_key=access.api_key,
        deadline=access.timeout,
        try_timeout=access.timeout,
    ) as client:
        await use(client)


def _use_database(ledger: Ledger[OperationT], use: Use[OperationT]) -> None:
    # Imported here because they take longer than a request to a service.
    from core.cli.database import given_or_embedded
    from core.migrations.readiness import require_ready
    from core.service.app import create_app

    database = read_settings(DatabaseSettings, ledger.name)
    # A person who has the database's URL needs no key.
    service = read_settings(ServiceSettings, ledger.name).model_copy(
        update={"api_keys": None, "root_path": None}
    )
    with given_or_embedded(ledger.name) as url:
        require_ready(ledger, url, timeout=database.connect_timeout)
        application = create_app(ledger, database.model_copy(update={"database_url": url}), service)

        async def run() -> None:
            transport = httpx.ASGITransport(application, raise_app_exceptions=False)
            async with (
                application.router.lifespan_context(application),
                httpx.AsyncClient(transport=transport) as http,
                AsyncLedgerClient(
                    "http://the-configured-database",
                    operations=ledger.operations,
                    # Longer than the application's own timeout, whose message explains more.
                    deadline=database.request_timeout + 1,
                    try_timeout=database.request_timeout + 1,
                    http=http,
                ) as client,
            ):
                await use(client)

        asyncio.run(run())


def post_again(nonce: str) -> str:
    """Returns what to do when a post may or may not have been written."""
    return f"post again with --nonce {shlex.quote(nonce)}"


def _explained(error: ClientError) -> str:
    text = error.explanation()
    if isinstance(error, InvalidRequest) and error.errors:
        invalid = (
            f"{_PARAMETERS.get(each.field, each.field)}: {each.message}" for each in error.errors
        )
        text = f"Invalid request: {'; '.join(invalid)}"
    for post in error.unresolved:
        text += f"; {error.doubt()}: {post_again(post.nonce)}"
    return text


def _may_succeed_later(error: ClientError) -> bool:
    if isinstance(error, (Problem, UnexpectedAnswer)):
        # A refusal after which an earlier try may still be posted is not the last word.
        return error.status in RETRIED or (is_refusal(error) and bool(error.unresolved))
    return isinstance(error, NoAnswer) and not error.lasting
