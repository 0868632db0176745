"""The rules that the books of a ledger must keep, as pure functions.

The storage's tests damage a real database in every way that is a finding.
"""

from core.ledgers.amount_check import MOST_AMOUNTS, AmountCount
from core.ledgers.books import Books, EntryFacts
from core.ledgers.ledger import Ledger, at_most, once_per, per_unit
from core.ledgers.limit_check import LimitCount, LimitUse
from core.ledgers.operations import BaseLedgerOperation


class Operation(BaseLedgerOperation):
    DAILY_REWARD = "DAILY_REWARD"
    SIGNUP_CREDIT = "SIGNUP_CREDIT"
    CREDIT_SPEND = "CREDIT_SPEND"
    CREDIT_ADD = "CREDIT_ADD"
    TOKENS = "TOKENS"
    MESSAGE = "MESSAGE"


LIMIT = once_per("day", timezone="Europe/Berlin")
LEDGER = Ledger(
    name="pure",
    operations=Operation,
    amounts={
        Operation.TOKENS: per_unit(-2, at_most=10, formerly=(-3, -50)),
        Operation.MESSAGE: -5,
    },
    overrides={Operation.CREDIT_ADD: 1_000},
    limits={Operation.DAILY_REWARD: LIMIT},
)

DAY = "2026-11-25"


def entry(id_: int, operation: str, amount: int, *, owner: str = "ann") -> EntryFacts:
    period = DAY if operation == "DAILY_REWARD" else None
    return owner, id_, operation, amount, float(id_), period


def reward(id_: int, period: str = DAY) -> EntryFacts:
    return "ann", id_, "DAILY_REWARD", 1, float(id_), period


def use(id_: int, period: str = DAY, number: int = 1, allowed: int = 1) -> LimitUse:
    return "ann", id_, "DAILY_REWARD", period, number, allowed


def checked(
    entries: list[EntryFacts], uses: list[LimitUse] | None = None
) -> tuple[Books, list[str]]:
    """The books after the check, with balances that are right, and the findings."""
    balances: dict[str, int] = {}
    for owner_id, _, _, amount, _, _ in entries:
        balances[owner_id] = balances.get(owner_id, 0) + amount
    books = Books(LEDGER)
    found = books.findings(entries, sorted(balances.items()), uses or [])
    return books, [f"{finding.rule} {finding.entry_id}" for finding in found]


def test_owners_are_matched_by_code_points() -> None:
    owners = sorted(["a", "B", "é", "e", "z", "\ue000", "\U0001f600", "aa", "a a"])
    assert owners == sorted(owners, key=str.encode)  # the order of the database
    books = Books(LEDGER)
    entries = [entry(n, "MESSAGE", 5, owner=owner) for n, owner in enumerate(owners[::2], 1)]
    balances = [(owner, 5) for owner in owners[1:]]
    uses: list[LimitUse] = [(owner, 99, "MESSAGE", DAY, 1, 1) for owner in owners[::3]]
    found = {(f.owner_id, f.rule) for f in books.findings(entries, balances, uses)}
    assert found == {
        (owners[0], "balance"),  # has no balance
        *((owner, "balance") for owner in owners[1::2]),  # have no entries
        *((owner, "limit_use") for owner in owners[::3]),
    }
    assert books.owners == len(owners) and books.entries == len(entries)


def test_amounts_are_counted_and_impossible_ones_are_findings() -> None:
    amounts = {
        "CREDIT_ADD": [1_000, 10, 10, -10],
        "CREDIT_SPEND": [1],
        "TOKENS": [-2, -20, -22, -3, -30, -9, -33, -150, 2, 0, -31, -50],
        "MESSAGE": [-5, -6, 6],
        "GIFT": [7, -7],
    }
    entries: list[EntryFacts] = []
    for operation, each in amounts.items():
        for amount in each:
            entries.append(entry(len(entries) + 1, operation, amount))
    books, found = checked(entries)
    wrong = [f"amount {e[1]}" for e in entries if e[2:4] in WRONG]
    assert [text for text in found if text.startswith("amount")] == wrong and len(wrong) == 5
    new = "an operation that this release does not have"
    assert books.amounts.counts() == [
        AmountCount("CREDIT_SPEND", "impossible", 1, "of the wrong sign"),
        AmountCount("CREDIT_ADD", "1000", 1),
        AmountCount("CREDIT_ADD", "10", 2, "not today's amount"),
        AmountCount("CREDIT_ADD", "impossible", 1, "of the wrong sign"),
        AmountCount("TOKENS", "-2 per unit", 2),
        AmountCount("TOKENS", "-2 per unit", 1, "more than 10 units"),
        AmountCount("TOKENS", "-3 per unit", 3, "a former amount"),
        AmountCount("TOKENS", "-3 per unit", 1, "a former amount, more than 10 units"),
        AmountCount("TOKENS", "-50 per unit", 2, "a former amount"),
        AmountCount("TOKENS", "impossible", 3, "not a multiple"),
        AmountCount("MESSAGE", "-5", 1),
        AmountCount("MESSAGE", "-6", 1, "not today's amount"),
        AmountCount("MESSAGE", "6", 1, "not today's amount"),
        AmountCount("GIFT", "-7", 1, new),
        AmountCount("GIFT", "7", 1, new),
    ]


WRONG = [("CREDIT_ADD", -10), ("CREDIT_SPEND", 1), ("TOKENS", 2), ("TOKENS", 0), ("TOKENS", -31)]


def test_the_count_of_very_many_amounts_is_bounded() -> None:
    books, found = checked([entry(n, "MESSAGE", n) for n in range(1, 1001)])
    counts = books.amounts.counts()
    assert found == [] and len(counts) == MOST_AMOUNTS + 1
    assert counts[-1] == AmountCount(
        "MESSAGE", "other amounts", 1000 - MOST_AMOUNTS, "not today's amount"
    )


def test_a_negative_balance_is_found_once_until_it_has_recovered() -> None:
    amounts = [5, -6, -1, 3, -2, 1]
    _, found = checked([entry(n, "MESSAGE", amount) for n, amount in enumerate(amounts, 1)])
    assert found == ["overdraft 2", "overdraft 5"]


def test_entries_from_before_the_limit_are_counted_only() -> None:
    books, found = checked([reward(1), reward(2), reward(3), reward(4)], [use(4)])
    assert found == []
    assert books.limits.counts() == [LimitCount("DAILY_REWARD", LIMIT, 1, 3)]


def test_an_entry_that_passes_the_limit_by_is_found_if_there_are_too_many() -> None:
    assert checked([reward(1), reward(2)], [use(1)])[1] == ["limit 2"]
    # An older release has posted entry 2, and the newer one has not seen it.
    later = [reward(1, "2026-11-24"), reward(2), reward(3)]
    assert checked(later, [use(1, "2026-11-24"), use(3)])[1] == ["limit 2"]
    assert checked(later[:2], [use(1, "2026-11-24")])[1] == []


def test_as_many_entries_are_allowed_as_were_when_they_were_posted() -> None:
    entries = [reward(1), reward(2), reward(3)]
    uses = [use(1, allowed=3), use(2, number=2, allowed=3)]
    assert checked(entries, uses)[1] == []
    assert checked([*entries, reward(4)], uses)[1] == ["limit 3"]


def test_a_use_counts_in_the_period_that_it_names() -> None:
    # Posted when the limit had another time zone, by which it was the day before.
    entries = [reward(1), reward(2, "2026-11-26"), reward(3)]
    assert checked(entries, [use(1, "2026-11-24"), use(2, "2026-11-26")])[1] == []


def test_uses_must_be_of_an_entry_with_the_operation_counted_once() -> None:
    entries = [reward(1), entry(3, "MESSAGE", 5), reward(5, "2026-11-26")]
    uses = [use(0), use(1), use(1, number=2, allowed=2), use(2), use(3), use(5, number=2), use(9)]
    found = checked(entries, uses)[1]
    assert found == [f"limit_use {id_}" for id_ in (0, 1, 2, 3, 5, 9)]


def test_a_limit_that_is_not_declared_any_more_is_not_checked() -> None:
    ledger = Ledger(
        name="pure",
        operations=Operation,
        amounts={Operation.TOKENS: -1, Operation.MESSAGE: 1},
        limits={Operation.MESSAGE: at_most(2)},
    )
    entries = [(*reward(1)[:5], None), (*reward(2)[:5], None)]
    assert list(Books(ledger).findings(entries, [("ann", 2)], [use(1)])) == []
