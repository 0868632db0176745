"""Two heads: Alembic allows them in a database (`upgrade heads`), and the code must have one."""

import sys
from collections.abc import Collection
from pathlib import Path

import pytest
from alembic import command
from pydantic import SecretStr

from core.ledgers.errors import DatabaseNotMigrated
from core.ledgers.outcomes import Posted
from core.ledgers.requests import Post
from core.migration_check.app_migrations import Migrations
from core.migration_check.revision_files import there_is_one_head
from core.migrations.readiness import require_ready
from core.migrations.revisions import config, require_revision, several_heads
from core.testing.blocking_store import blocking_store
from core.testing.databases import Databases, execute
from migrations.copied_sample import HEAD, PARENT, copied_sample
from sample.ledger import LEDGER
from sample.operations import SampleOperation


def is_accepted(current: Collection[str]) -> bool:
    try:
        require_revision("sample", current)
    except DatabaseNotMigrated:
        return False
    return True


@pytest.mark.parametrize(
    "current, accepted",
    [
        ([HEAD], True),
        ([HEAD, "other"], True),
        (["other", HEAD], True),
        (["newer"], True),
        (["one", "two"], True),
        ([], False),
        ([PARENT], False),
        ([PARENT, "other"], False),  # the head has been undone
    ],
)
def test_a_schema_fits_if_the_head_or_something_newer_has_been_applied(
    current: list[str], accepted: bool
) -> None:
    assert is_accepted(current) == accepted


def test_the_message_names_the_revisions() -> None:
    with pytest.raises(DatabaseNotMigrated, match=f"at revision {PARENT}, but .* needs {HEAD}"):
        require_revision("sample", [PARENT])
    with pytest.raises(
        DatabaseNotMigrated, match="has no ledger of 'sample' yet. Create it: .* migrate"
    ):
        require_revision("sample", [])
    with pytest.raises(DatabaseNotMigrated, match=f"at revisions {PARENT}, two, but .* needs"):
        require_revision("sample", ["two", PARENT])


@pytest.fixture
def at_two_heads(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> SecretStr:
    """A database that a newer release has upgraded to its two heads."""
    url = databases.migrated("sample")
    newer = copied_sample(tmp_path, one=HEAD, two=HEAD)
    with monkeypatch.context() as patch:
        patch.setattr("sys.path", [*sys.path])  # which Alembic extends with the copy's folder
        command.upgrade(config("sample", url, str(newer)), "heads")
    assert len(execute(url, "SELECT FROM sample.alembic_version_sample")) == 2
    return url


def test_an_old_release_is_ready_and_posts(at_two_heads: SecretStr) -> None:
    require_ready(LEDGER, at_two_heads)
    with blocking_store(LEDGER, at_two_heads) as store:
        [outcome] = store.post([Post("ann", SampleOperation.CREDIT_ADD, "1")])
        assert isinstance(outcome, Posted)


def test_the_migration_check_uses_the_same_words(databases: Databases, tmp_path: Path) -> None:
    ini = copied_sample(tmp_path, one=HEAD, two=HEAD)
    [problem] = there_is_one_head(Migrations(LEDGER, databases.server, str(ini)))
    assert problem == str(several_heads("sample", ["two", "one"]))
