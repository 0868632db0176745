"""A replay decides each post as the ledger would have, after what it has accepted before."""

from collections.abc import Sequence

import pytest

from core.ledgers.amounts import Amount
from core.ledgers.description import described_operations
from core.ledgers.ledger import Ledger, at_most, per_unit
from core.ledgers.replay import Former, PostedFacts, Replay, unclear_units
from sample.operations import SampleOperation as Operation

ADD, SPEND, REWARD = (
    operation.value
    for operation in (Operation.CREDIT_ADD, Operation.CREDIT_SPEND, Operation.DAILY_REWARD)
)


def ledger(spend: Amount = -3, *, limit: int | None = None, add: int = 10) -> Ledger[Operation]:
    return Ledger(
        name="sample",
        operations=Operation,
        amounts={Operation.BOOKING_REWARD: 5},
        overrides={Operation.CREDIT_SPEND: spend, Operation.CREDIT_ADD: add},
        limits={} if limit is None else {Operation.DAILY_REWARD: at_most(limit, per="day")},
    )


def former(ledger: Ledger[Operation]) -> Former:
    return {each["operation"]: each for each in described_operations(ledger)}


def refused(
    ledger: Ledger[Operation],
    entries: Sequence[PostedFacts],
    former: Former | None = None,
) -> dict[str, dict[str, int]]:
    replay = Replay(ledger, former)
    replay.add(entries)
    assert replay.posts == sum(1 for entry in entries if entry[2])
    return {name: dict(count.refused) for name, count in replay.counts.items() if count.refused}


def spends(number: int, *, opening: int, amount: int = -1) -> list[PostedFacts]:
    return [("ann", opening, True, SPEND, amount, None)] * number


def test_what_a_balance_does_not_cover_is_refused() -> None:
    assert refused(ledger(-3), spends(3, opening=9)) == {}
    assert refused(ledger(-3), spends(4, opening=9)) == {SPEND: {"insufficient_balance": 1}}


def test_what_is_refused_was_not_posted_for_what_follows() -> None:
    entries = [
        *spends(1, opening=2),
        ("ann", 2, True, ADD, 10, None),
        *spends(4, opening=2),
        ("bob", 0, True, ADD, 10, None),
    ]
    # 2 is refused, 2 + 4 = 6, and then two of four.
    assert refused(ledger(-3, add=4), entries) == {SPEND: {"insufficient_balance": 3}}
    replay = Replay(ledger(-3, add=4))
    replay.add(entries)
    assert (replay.owners, replay.refused_owners, replay.refused) == (2, 1, 3)


def test_a_limit_counts_what_was_posted_before_and_not_what_is_refused() -> None:
    entries: list[PostedFacts] = [
        *[("ann", 0, False, REWARD, 1, "monday")] * 2,
        *[("ann", 0, True, REWARD, 1, "monday")] * 3,
        *[("ann", 0, True, REWARD, 1, "tuesday")] * 3,
        *[("bob", 0, True, REWARD, 1, "tuesday")] * 3,
    ]
    for allowed, expected in ((2, 5), (3, 2), (5, 0)):
        counts = refused(ledger(limit=allowed), entries)
        assert counts.get(REWARD, {}).get("limit_reached", 0) == expected


def test_more_than_an_owner_can_have_is_refused() -> None:
    most = 2**63 - 1
    assert refused(ledger(limit=1), [("ann", most, True, REWARD, 1, "monday")]) == {
        REWARD: {"balance_limit": 1}
    }


def test_a_removed_operation_and_too_many_units_are_refused() -> None:
    entries: list[PostedFacts] = [("ann", 100, True, "GIFT", 50, None)]
    assert refused(ledger(), entries) == {"GIFT": {"unknown_operation": 1}}
    units = per_unit(-1, at_most=9)
    for quantity, expected in ((9, {}), (10, {SPEND: {"invalid_quantity": 1}})):
        assert refused(ledger(units), spends(1, opening=100, amount=-quantity)) == expected


@pytest.mark.parametrize(
    "before, now, amount, opening, expected",
    [
        # Four of -1, which now take 8; or two of -2, as before.
        (
            per_unit(-1, at_most=9),
            per_unit(-2, at_most=9, formerly=(-1,)),
            -4,
            7,
            "insufficient_balance",
        ),
        (per_unit(-1, at_most=9), per_unit(-2, at_most=9, formerly=(-1,)), -4, 8, None),
        (per_unit(-2, at_most=9), per_unit(-2, at_most=9, formerly=(-1,)), -4, 4, None),
        # Before the release that posted most.
        (
            per_unit(-2, at_most=9, formerly=(-1,)),
            per_unit(-4, at_most=9),
            -3,
            11,
            "insufficient_balance",
        ),
        (per_unit(-2, at_most=9, formerly=(-1,)), per_unit(-4, at_most=9), -3, 12, None),
        # A fixed amount is one unit.
        (-4, per_unit(-2, at_most=9), -4, 2, None),
        (-4, per_unit(-2, at_most=9), -4, 1, "insufficient_balance"),
        (per_unit(-2, at_most=9), -5, -4, 9, "quantity_not_allowed"),
        (per_unit(-2, at_most=9), -5, -2, 9, None),
    ],
)
def test_the_former_operations_tell_the_quantity(
    before: Amount, now: Amount, amount: int, opening: int, expected: str | None
) -> None:
    facts = spends(1, opening=opening, amount=amount)
    found = refused(ledger(now), facts, former(ledger(before)))
    assert found == ({} if expected is None else {SPEND: {expected: 1}})


def test_an_amount_of_no_unit_counts_as_one_unit() -> None:
    replay = Replay(ledger(per_unit(-2, at_most=9)))
    replay.add([*spends(1, opening=2, amount=-3), *spends(1, opening=2, amount=4)])
    assert (replay.unknown_quantities, replay.refused) == (2, 1)


def test_an_amount_per_unit_that_has_changed_needs_the_former_operations() -> None:
    changed = ledger(per_unit(-2, at_most=9, formerly=(-1,)))
    assert unclear_units(changed, None) == [SPEND]
    assert unclear_units(changed, former(changed)) == []
    assert unclear_units(ledger(per_unit(-2, at_most=9)), None) == []
