"""The checks of the revisions' files, which need no database."""

from collections.abc import Iterator
from pathlib import Path

from alembic.script import ScriptDirectory

from core.ledgers.errors import ConfigurationError
from core.migration_check.app_migrations import Migrations
from core.migrations import revisions


def the_ledger_has_the_name_of_its_folder(migrations: Migrations) -> Iterator[str]:
    file = migrations.config().config_file_name
    folder = Path(file or "").resolve().parent.name
    if folder != migrations.app:
        yield (
            f"the ledger of src/python/apps/{folder} is named {migrations.app!r}: the name must be "
            f"that of the folder, {folder!r}. To rename an app, see docs/apps.md"
        )


def there_is_one_head(migrations: Migrations) -> Iterator[str]:
    try:
        revisions.only_head(migrations.app, ScriptDirectory.from_config(migrations.config()))
    except ConfigurationError as error:
        yield str(error)


def revisions_have_files_of_their_own(migrations: Migrations) -> Iterator[str]:
    """Alembic silently overwrites an existing file of the same name."""
    if "%(rev)s" not in ScriptDirectory.from_config(migrations.config()).file_template:
        yield (
            f"alembic/{migrations.app}/alembic.ini names the files of two revisions alike that "
            "have the same message and day, so that the second overwrites the first: add "
            "%%(rev)s to file_template"
        )
