"""What the conformance tests of a ledger share: its databases, stores and owners."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Generic
from uuid import uuid4

import pytest
from pydantic import SecretStr

from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.testing.blocking_store import BlockingStore, blocking_store
from core.testing.database_clock import DatabaseClock, database_clock
from core.testing.databases import Databases
from core.testing.other_releases import release
from core.testing.races import races_of

_HIGHEST_COUNT = 50


class ConformanceBase(Generic[OperationT]):
    """Base class of conformance tests. They share two databases, so each has owners of its own."""

    ledger: Ledger[OperationT]

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Runs a test that has one of these parameters for each race, or each operation."""
        parameters: dict[str, Sequence[object]] = {
            "make_race": races_of(self.ledger),
            "limited": [*self.ledger.limits],
            "per_unit": [*self.ledger.per_unit],
        }
        for parameter in parameters.keys() & metafunc.fixturenames:
            metafunc.parametrize(parameter, parameters[parameter], ids=_identifier)

    @pytest.fixture(scope="class")
    @classmethod
    def database_url(cls, databases: Databases) -> SecretStr:
        return databases.migrated(cls.ledger.name)

    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, database_url: SecretStr) -> Iterator[BlockingStore[OperationT]]:
        with blocking_store(cls.ledger, database_url) as store:
            yield store
            assert store.discrepancies() == []

    @pytest.fixture(scope="class")
    @classmethod
    def url_with_clock(cls, databases: Databases) -> SecretStr:
        """A database of its own, because its entries have the times of the clock."""
        return databases.migrated(cls.ledger.name)

    @pytest.fixture(scope="class")
    @classmethod
    def clock(cls, url_with_clock: SecretStr) -> Iterator[DatabaseClock]:
        with database_clock(url_with_clock, cls.ledger.name) as clock:
            yield clock

    @pytest.fixture(scope="class")
    @classmethod
    def store_with_clock(
        cls, url_with_clock: SecretStr, clock: DatabaseClock
    ) -> Iterator[BlockingStore[OperationT]]:
        ledger = with_low_limits(cls.ledger)
        with blocking_store(ledger, url_with_clock, clock=clock.sql) as store:
            yield store
            assert store.discrepancies() == []


def with_low_limits(ledger: Ledger[OperationT]) -> Ledger[OperationT]:
    """Returns the ledger with its high limits lowered: tests post as many entries as one allows."""
    limits = {
        operation: replace(limit, count=min(limit.count, _HIGHEST_COUNT))
        for operation, limit in ledger.limits.items()
    }
    return release(ledger, limits=limits) if limits != ledger.limits else ledger


def _identifier(race_or_operation: object) -> str:
    name = getattr(race_or_operation, "name", None)
    return str(name or getattr(race_or_operation, "__name__"))


def new_owner(operation: object) -> str:
    """Returns an owner that no other test has. `operation` makes the message of a failure clear."""
    return f"{operation} {uuid4()}"
