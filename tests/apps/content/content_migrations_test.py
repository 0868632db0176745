from apps.content.ledger import LEDGER
from core.testing.migration_conformance import MigrationConformance


class TestContentMigrations(MigrationConformance):
    ledger = LEDGER
