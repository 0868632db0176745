"""The text of each file of a new app, formatted as black and isort would."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from textwrap import indent
from uuid import uuid4

from core.ledgers.operations import SHARED_OPERATIONS
from core.new_app.first_revision import text_of_revision


def enum_name(app: str) -> str:
    """Returns the name of the app's operation enum."""
    return f"{_camel_case(app)}LedgerOperation"


def text_of_files(app: str, amounts: Mapping[str, int], *, as_class: bool) -> dict[str, str]:
    """Returns the text of each file by its path, but not of the documents that describe the app."""
    revision = uuid4().hex[-12:]
    revision_file = f"{_file_name_of_revision(revision, 'create_the_ledger')}.py"
    return {
        f"src/python/apps/{app}/BUILD": f'ledger_app("{app}")\n',
        f"src/python/apps/{app}/operations.py": _operations(app, amounts, as_class),
        f"src/python/apps/{app}/ledger.py": _ledger(app, amounts),
        f"src/python/apps/{app}/service.py": _service(app),
        f"alembic/{app}/BUILD": f'ledger_migrations("{app}")\n',
        f"alembic/{app}/alembic.ini": _ALEMBIC_INI,
        f"alembic/{app}/env.py": _env(app),
        f"alembic/{app}/script.py.mako": _SCRIPT_PY_MAKO,
        f"alembic/{app}/versions/{revision_file}": text_of_revision(app, revision, amounts),
        f"tests/apps/{app}/BUILD": f'ledger_tests("{app}")\n',
        f"tests/apps/{app}/{app}_ledger_test.py": _ledger_test(app),
        f"tests/apps/{app}/{app}_migrations_test.py": _migrations_test(app),
        f"tests/apps/{app}/{app}_documents_test.py": _documents_test(app),
        f"tests/apps/{app}/{app}_package_test.py": _package_test(app),
    }


def _operations(app: str, own: Iterable[str], as_class: bool) -> str:
    if as_class:
        members = "\n".join(f'{name} = "{name}"' for name in (*SHARED_OPERATIONS, *own))
        return f'''"""The operations of the {app} app."""

from core.ledgers.operations import BaseLedgerOperation


# Every type checker knows the members of a class. `extend_enum` is shorter: see docs/typing.md.
class {enum_name(app)}(BaseLedgerOperation):
{indent(members, " " * 4)}
'''
    items = "\n".join(f'"{name}": "{name}",' for name in own)
    return f'''"""The operations of the {app} app."""

from core.ledgers.operations import BaseLedgerOperation, extend_enum

# For mypy. Pylance and pyright cannot see what extend_enum returns: see docs/typing.md.
{enum_name(app)} = extend_enum(
    BaseLedgerOperation,
    "{enum_name(app)}",
    {{
{indent(items, " " * 8)}
    }},
)
'''


def _ledger(app: str, amounts: Mapping[str, int]) -> str:
    items = "\n".join(f"{enum_name(app)}.{name}: {amount}," for name, amount in amounts.items())
    return f'''"""The ledger of the {app} app."""

from apps.{app}.operations import {enum_name(app)}
from core.ledgers.ledger import Ledger

LEDGER = Ledger(
    name="{app}",
    operations={enum_name(app)},
    amounts={{
{indent(items, " " * 8)}
    }},
)
'''


def _service(app: str) -> str:
    return f'''"""Serves the {app} ledger over HTTP.

./pants run src/python/apps/{app}:service
"""

from apps.{app}.ledger import LEDGER
from core.cli.main import main

if __name__ == "__main__":
    main(LEDGER)
'''


def _file_name_of_revision(revision: str, slug: str) -> str:
    now = datetime.now(timezone.utc)
    values = {"year": now.year, "month": now.month, "day": now.day, "rev": revision, "slug": slug}
    return _FILE_TEMPLATE % values


_FILE_TEMPLATE = "%(year)d_%(month).2d_%(day).2d_%(rev)s_%(slug)s"

_ALEMBIC_INI = f"""[alembic]
script_location = %(here)s
prepend_sys_path = %(here)s/../../src/python
path_separator = os
# With the revision, so that two with the same message on one day are two files.
file_template = {_FILE_TEMPLATE.replace("%", "%%")}
timezone = UTC

# So that lint accepts a new revision as it is.
[post_write_hooks]
hooks = isort, black
isort.type = module
isort.module = isort
isort.options = --quiet REVISION_SCRIPT_FILENAME
black.type = module
black.module = black
black.options = --quiet REVISION_SCRIPT_FILENAME
"""


def _env(app: str) -> str:
    return f'''"""Alembic's environment for the migrations of the {app} app."""

from apps.{app}.ledger import LEDGER
from core.migrations.alembic_environment import run_env

run_env(LEDGER)
'''


_SCRIPT_PY_MAKO = '''<%!
    from core.migrations.autogenerate import docstring_of
%>"""${docstring_of(message, upgrades)}"""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
'''


def _ledger_test(app: str) -> str:
    return f"""from apps.{app}.ledger import LEDGER
from apps.{app}.operations import {enum_name(app)}
from core.testing.conformance import LedgerConformance


class Test{_camel_case(app)}Ledger(LedgerConformance[{enum_name(app)}]):
    ledger = LEDGER
"""


def _migrations_test(app: str) -> str:
    return f"""from apps.{app}.ledger import LEDGER
from core.testing.migration_conformance import MigrationConformance


class Test{_camel_case(app)}Migrations(MigrationConformance):
    ledger = LEDGER
"""


def _documents_test(app: str) -> str:
    return f"""from apps.{app}.ledger import LEDGER
from core.testing.documents_conformance import DocumentsConformance


class Test{_camel_case(app)}Documents(DocumentsConformance):
    ledger = LEDGER
"""


def _package_test(app: str) -> str:
    return f"""from apps.packaging import PackageConformance


class Test{_camel_case(app)}Package(PackageConformance):
    app = "{app}"
"""


def _camel_case(app: str) -> str:
    return re.sub(r"(?:^|_+)([a-z0-9]?)", lambda match: match[1].upper(), app)
