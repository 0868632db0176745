"""The tests that every app's migrations must pass.

An app's test file is a subclass:

    class TestContentMigrations(MigrationConformance):
        ledger = LEDGER
"""

from typing import Any, ClassVar

import pytest

from core.ledgers.ledger import Ledger
from core.migration_check.invariants import CHECKS, Check, Migrations
from core.testing.databases import Databases


class MigrationConformance:
    """Subclass it, with the app's ledger."""

    ledger: ClassVar[Ledger[Any]]

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: str(check.__name__))
    def test_holds_of_the_migrations(self, databases: Databases, check: Check) -> None:
        assert list(check(Migrations(self.ledger, databases.empty))) == []
