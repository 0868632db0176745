"""The conformance tests of an app's migrations.

An app's tests subclass MigrationConformance:

    class TestContentMigrations(MigrationConformance):
        ledger = LEDGER
"""

from typing import Any, ClassVar

import pytest

from core.ledgers.ledger import Ledger
from core.migration_check.app_migrations import Check, Migrations
from core.migration_check.invariants import CHECKS
from core.testing.databases import Databases


class MigrationConformance:
    """Base class of an app's migration tests. Subclasses set `ledger`."""

    ledger: ClassVar[Ledger[Any]]

    @pytest.fixture(scope="class")
    @classmethod
    def migrations(cls, databases: Databases) -> Migrations:
        return Migrations(cls.ledger, databases.server)

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: str(check.__name__))
    def test_holds_of_the_migrations(self, migrations: Migrations, check: Check) -> None:
        assert list(check(migrations)) == []
