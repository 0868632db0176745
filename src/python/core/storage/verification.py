"""Verifies a ledger: reads all of it, or some owners, from one snapshot, and checks the books."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from pydantic import SecretStr

from core.ledgers.amount_check import AmountCount
from core.ledgers.books import Books
from core.ledgers.findings import Finding
from core.ledgers.ledger import Ledger
from core.ledgers.limit_check import LimitCount
from core.ledgers.operations import OperationT
from core.storage.limit_usage import period_of_entry, period_parameters
from core.storage.snapshot import OnProgress, no_progress, snapshot_of
from core.storage.statement_text import names_of

MOST_FINDINGS = 100


@dataclass(frozen=True)
class Verification:
    """What was checked, and what was found: the first findings, and how many more there are."""

    owners: int
    entries: int
    amounts: list[AmountCount]
    limits: list[LimitCount]
    findings: list[Finding]
    further_findings: int


def verify(
    ledger: Ledger[OperationT],
    url: SecretStr,
    *,
    owner_id: str | None = None,
    since: datetime | None = None,
    connect_timeout: float = 5,
    on_progress: OnProgress = no_progress,
) -> Verification:
    """Checks all rules of the books, on one snapshot, while others may post.

    With `owner_id`, checks that owner only; with `since`, all entries of the owners that have one
    since then. `on_progress` is called with the number of entries read so far, and an estimate of
    how many there are, if there is one.

    Raises DatabaseUnavailable if the database does not answer, and DatabaseAccessDenied if the
    role lacks a privilege. The database must be migrated.
    """
    books = Books(ledger)
    entries, balances, uses = _statements(ledger, _owners(owner_id, since))
    parameters = {"owner_id": owner_id, "since": since, **period_parameters(ledger)}
    with snapshot_of(ledger, url, connect_timeout=connect_timeout) as snapshot:
        is_all = owner_id is None and since is None
        estimate = snapshot.estimated_entries() if is_all else None
        findings = books.findings(
            snapshot.rows(entries, parameters, lambda read: on_progress(read, estimate)),
            snapshot.rows(balances, parameters),
            snapshot.rows(uses, parameters),
        )
        first = list(islice(findings, MOST_FINDINGS))
        further = sum(1 for _ in findings)
    return Verification(
        books.owners,
        books.entries,
        books.amounts.counts(),
        books.limits.counts(),
        first,
        further,
    )


def _statements(ledger: Ledger[OperationT], owners: str) -> Iterator[str]:
    """Yields the statements of what the check reads, of the `owners` that a condition chooses.

    A float is quicker to convert than a time, and still tells microseconds apart.
    """
    period = period_of_entry(ledger, "{created_on}")
    for statement in (
        "SELECT {owner_id}, {id}, {operation}::text, {amount}, date_part('epoch', {created_on}), "
        f"{period} FROM {{entries}} WHERE {owners} ORDER BY {{owner_id}}, {{id}}",
        f"SELECT {{owner_id}}, {{balance}} FROM {{balances}} WHERE {owners} ORDER BY {{owner_id}}",
        "SELECT {owner_id}, {entry_id}, {operation}, {period}, {number}, {allowed} "
        f"FROM {{uses}} WHERE {owners} ORDER BY {{owner_id}}, {{entry_id}}",
    ):
        yield statement.format(**names_of(ledger))


def _owners(owner_id: str | None, since: datetime | None) -> str:
    """The condition on the owners to check, in which names are in braces."""
    conditions = ["true"]
    if owner_id is not None:
        conditions.append("{owner_id} = %(owner_id)s")
    if since is not None:
        recent = "SELECT {owner_id} FROM {entries} WHERE {created_on} >= %(since)s"
        conditions.append(f"{{owner_id}} IN ({recent})")
    return " AND ".join(conditions)
