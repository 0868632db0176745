"""The commands of the program, of which only the one that runs is imported.

A command needs a part of the code only: showing a version needs no HTTP service, for example.
"""

import click

from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT

NAMES = (
    "serve",
    "migrate",
    "balance",
    "history",
    "post",
    "describe",
    "replay",
    "verify",
    "export",
    "keys",
    "rename-from",
    "openapi",
    "documents",
    "sbom",
)


def command(name: str, ledger: Ledger[OperationT]) -> click.Command | None:
    """Imports and returns the command of this name, if there is one."""
    match name:
        case "serve":
            from core.cli.serving import serve_command

            return serve_command(ledger)
        case "migrate":
            from core.cli.migrating import migrate_command

            return migrate_command(ledger.name)
        case "rename-from":
            from core.cli.migrating import rename_command

            return rename_command(ledger.name)
        case "balance":
            from core.cli.owners import balance_command

            return balance_command(ledger)
        case "history":
            from core.cli.owners import history_command

            return history_command(ledger)
        case "post":
            from core.cli.owners import post_command

            return post_command(ledger)
        case "describe":
            from core.cli.describing import describe_command

            return describe_command(ledger)
        case "replay":
            from core.cli.replaying import replay_command

            return replay_command(ledger)
        case "verify":
            from core.cli.verifying import verify_command

            return verify_command(ledger)
        case "export":
            from core.cli.exporting import export_command

            return export_command(ledger)
        case "keys":
            from core.cli.keys import keys_commands

            return keys_commands(ledger)
        case "openapi":
            from core.cli.api_document import openapi_command

            return openapi_command(ledger)
        case "documents":
            from core.cli.writing_documents import documents_command

            return documents_command(ledger)
        case "sbom":
            from core.cli.sbom import sbom_command

            return sbom_command(ledger.name)
        case _:
            return None
