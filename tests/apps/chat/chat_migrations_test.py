from apps.chat.ledger import LEDGER
from core.testing.migration_conformance import MigrationConformance


class TestChatMigrations(MigrationConformance):
    ledger = LEDGER
