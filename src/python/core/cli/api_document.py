"""The command `openapi`: prints the OpenAPI document of the service."""

import json

import click

from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.service.app import openapi_document


def openapi_command(ledger: Ledger[OperationT]) -> click.Command:
    """Returns the command for this ledger."""

    @click.command("openapi", help="Print the OpenAPI document of the service.")
    def command() -> None:
        click.echo(json.dumps(openapi_document(ledger), indent=2, ensure_ascii=False))

    return command
