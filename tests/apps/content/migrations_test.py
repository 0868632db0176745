from migrations.conformance import MigrationsConformance

from apps.content.ledger import LEDGER


class TestContentMigrations(MigrationsConformance):
    ledger = LEDGER
