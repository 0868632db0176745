"""docs/locking.md shows what `./pants migrate --plan` prints for travel's migrations."""

import re
from pathlib import Path

import pytest

from core.migration_check import plan
from core.testing.databases import Databases, execute

TEXT = Path("docs/locking.md").read_text()


def test_the_plan_is_the_one_shown(
    databases: Databases, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    [shown] = re.findall(
        r"^\$ \./pants migrate --plan alembic/travel::\n(.*?)^```", TEXT, re.M | re.S
    )
    [revision] = re.findall(r"at revision (\w+)", shown)
    url = databases.migrated("travel")
    # A plan reads nothing else of the database.
    execute(url, f"UPDATE travel.alembic_version_travel SET version_num = '{revision}'")
    monkeypatch.setenv("DATABASE_URL", url.get_secret_value())
    plan.main("alembic/travel/alembic.ini", "apps.travel.ledger:LEDGER")
    printed = capsys.readouterr().out
    assert shown == printed, f"docs/locking.md must show:\n{printed}"
