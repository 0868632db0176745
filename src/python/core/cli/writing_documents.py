"""The command `documents`: writes the app's documents into the workspace."""

from pathlib import Path

import click

from core.ledgers.errors import ConfigurationError
from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.service.documents import documents_of

_HELP = """Write the documents that are committed for the app, in the root folder of a clone.

They are the OpenAPI document, and the operations with their amounts and limits."""


def documents_command(ledger: Ledger[OperationT]) -> click.Command:
    """Returns the command for this ledger."""

    @click.command("documents", help=_HELP)
    def command() -> None:
        documents = {Path(name): text for name, text in documents_of(ledger).items()}
        for path in documents:
            if not path.parent.is_dir():
                raise ConfigurationError(
                    f"The folder {path.parent} does not exist here: run this command in the root "
                    "folder of a clone"
                )
        for path, text in documents.items():
            if path.exists() and path.read_text(encoding="utf-8") == text:
                click.echo(f"{path} is current")
            else:
                path.write_text(text, encoding="utf-8")
                click.echo(f"{path} is written")

    return command
