"""The posting rules as pure functions. The conformance tests compare the whole store to a model."""

from datetime import datetime, timezone
from typing import Any

import pytest

from core.ledgers.decisions import (
    AcceptBatch,
    AcceptPost,
    RefuseBatch,
    RefuseDuplicate,
    RefuseExcess,
    RefuseOverdraft,
    RefuseRepeat,
)
from core.ledgers.errors import ForeignOperation, InvalidBatch, InvalidIdentifier
from core.ledgers.ledger import Ledger
from core.ledgers.operations import BaseLedgerOperation, extend_enum
from core.ledgers.outcomes import Entry
from core.ledgers.posting import MAX_BALANCE, decide
from core.ledgers.requests import Batch, Key, Post


class Operation(BaseLedgerOperation):
    DAILY_REWARD = "DAILY_REWARD"
    SIGNUP_CREDIT = "SIGNUP_CREDIT"
    CREDIT_SPEND = "CREDIT_SPEND"
    CREDIT_ADD = "CREDIT_ADD"
    NOTHING = "NOTHING"


LEDGER = Ledger(name="pure", operations=Operation, amounts={Operation.NOTHING: 0})


def post(operation: str, nonce: str, owner_id: str = "ann") -> Post[Operation]:
    return Post(owner_id, Operation[operation], nonce)


def known(*posts: Post[Operation]) -> dict[Key, Entry[Operation]]:
    """The entries of posts that were posted before."""
    now = datetime.now(timezone.utc)
    return {p.key: Entry(1, p.operation, 0, p.nonce, p.owner_id, now) for p in posts}


def decide_each(posts: list[Post[Operation]], balances: dict[str, int], *before: Any) -> Any:
    """The decision on each post, where every post is a batch of one."""
    decisions = decide(LEDGER, [Batch((post,)) for post in posts], balances, known(*before))
    described: list[object] = []
    for decision in decisions:
        assert not isinstance(decision, RefuseRepeat)
        described.append(
            decision.reason if isinstance(decision, RefuseBatch) else decision.posts[0]
        )
    return described


def test_each_post_sees_the_balance_left_by_the_previous_one() -> None:
    posts = [post("CREDIT_SPEND", "1"), post("DAILY_REWARD", "2"), post("CREDIT_SPEND", "3")]
    assert decide_each(posts, {"ann": 0}) == [
        RefuseOverdraft(-1, 0),
        AcceptPost(1, 1),
        AcceptPost(-1, 0),
    ]


def test_an_amount_of_zero_is_accepted_at_a_balance_of_zero() -> None:
    assert decide_each([post("NOTHING", "1")], {"ann": 0}) == [AcceptPost(0, 0)]


def test_a_duplicate_takes_precedence_over_an_overdraft() -> None:
    spend = post("CREDIT_SPEND", "1")
    assert decide_each([spend], {"ann": 0}, spend) == [RefuseDuplicate(spend.key, reused=False)]
    assert decide_each([spend, spend], {"ann": 1}) == [
        AcceptPost(-1, 0),
        RefuseDuplicate(spend.key, reused=False),
    ]


def test_a_balance_can_reach_the_limit_but_not_exceed_it() -> None:
    posts = [post("CREDIT_ADD", "1"), post("CREDIT_ADD", "2"), post("CREDIT_SPEND", "3")]
    assert decide_each(posts, {"ann": MAX_BALANCE - 10}) == [
        AcceptPost(10, MAX_BALANCE),
        RefuseExcess(10, MAX_BALANCE),
        AcceptPost(-1, MAX_BALANCE - 1),
    ]


def test_a_refused_post_does_not_use_up_its_nonce() -> None:
    spend = post("CREDIT_SPEND", "1")
    assert decide_each([spend, post("CREDIT_ADD", "2"), spend], {"ann": 0}) == [
        RefuseOverdraft(-1, 0),
        AcceptPost(10, 10),
        AcceptPost(-1, 9),
    ]


def test_a_nonce_is_scoped_to_its_owner() -> None:
    posts = [post("DAILY_REWARD", "1", "ann"), post("DAILY_REWARD", "1", "bob")]
    assert decide_each(posts, {"ann": 0, "bob": 5}) == [AcceptPost(1, 1), AcceptPost(1, 6)]


def test_decide_does_not_modify_its_arguments() -> None:
    balances = {"ann": 0}
    decide_each([post("DAILY_REWARD", "1")], balances)
    assert balances == {"ann": 0}


def test_decide_refuses_an_operation_of_another_app() -> None:
    # Any hides the type from the type checker.
    other: Any = extend_enum(BaseLedgerOperation, "Other", {})
    with pytest.raises(ForeignOperation):
        decide_each([Post("ann", other["DAILY_REWARD"], "1")], {"ann": 0})


def test_a_batch_is_accepted_as_a_whole() -> None:
    batch = Batch((post("CREDIT_ADD", "1"), post("CREDIT_SPEND", "2"), post("CREDIT_ADD", "3")))
    assert decide(LEDGER, [batch], {"ann": 0}, {}) == [
        AcceptBatch((AcceptPost(10, 10), AcceptPost(-1, 9), AcceptPost(10, 19)))
    ]


def test_a_refused_batch_reports_its_first_refused_post_and_leaves_no_trace() -> None:
    add, spend = post("CREDIT_ADD", "1"), post("CREDIT_SPEND", "2", "bob")
    decisions = decide(
        LEDGER,
        [Batch((add, spend, post("CREDIT_SPEND", "3", "bob"))), Batch((add,)), Batch((add,))],
        {"ann": 0, "bob": 0},
        {},
    )
    assert decisions == [
        RefuseBatch(1, RefuseOverdraft(-1, 0)),
        AcceptBatch((AcceptPost(10, 10),)),
        RefuseBatch(0, RefuseDuplicate(add.key, reused=False)),
    ]


def test_a_batch_with_a_known_nonce_is_refused() -> None:
    first, second = post("CREDIT_ADD", "1"), post("CREDIT_ADD", "2")
    decisions = decide(LEDGER, [Batch((first, second))], {"ann": 0}, known(second))
    assert decisions == [RefuseBatch(1, RefuseDuplicate(second.key, reused=False))]


def test_a_batch_of_several_posts_that_were_all_posted_before_is_a_repeat() -> None:
    first, second = post("CREDIT_ADD", "1"), post("CREDIT_SPEND", "2", "bob")
    before = known(second, post("DAILY_REWARD", "3"), first)
    batches = [Batch((first, second)), Batch((second, first)), Batch((first,))]
    assert decide(LEDGER, batches, {}, before) == [
        RefuseRepeat(),
        RefuseRepeat(),
        RefuseBatch(0, RefuseDuplicate(first.key, reused=False)),
    ]


def test_a_batch_is_a_repeat_of_an_earlier_one_in_its_group() -> None:
    batch = Batch((post("CREDIT_ADD", "1"), post("CREDIT_SPEND", "2")))
    [accepted, again] = decide(LEDGER, [batch, batch], {}, {})
    assert (type(accepted), again) == (AcceptBatch, RefuseRepeat())


def test_a_batch_that_is_new_in_part_or_has_another_operation_is_no_repeat() -> None:
    first, second = post("CREDIT_ADD", "1"), post("CREDIT_ADD", "2")
    other = post("DAILY_REWARD", "2")
    batches = [Batch((first, post("CREDIT_ADD", "3"))), Batch((first, other))]
    assert decide(LEDGER, batches, {}, known(first, second)) == [
        RefuseBatch(0, RefuseDuplicate(first.key, reused=False)),
        RefuseBatch(0, RefuseDuplicate(first.key, reused=False)),
    ]


def test_a_batch_must_not_be_empty_or_repeat_a_nonce() -> None:
    with pytest.raises(InvalidBatch, match="must have at least one entry"):
        Batch[Operation](())
    with pytest.raises(InvalidBatch, match="entry 2 has the same owner and nonce as entry 0"):
        Batch((post("CREDIT_ADD", "1"), post("CREDIT_ADD", "1", "bob"), post("CREDIT_SPEND", "1")))


# Those of another type are mistakes that a type checker would find.
UNSTORABLE: list[Any] = ["", "x" * 256, "a\0b", "a\ud800b", 5, None, b"ann", ["ann"]]


@pytest.mark.parametrize("owner_id", [*UNSTORABLE, ".", ".."])
def test_an_owner_id_that_cannot_be_stored_or_read_is_refused(owner_id: str) -> None:
    with pytest.raises(InvalidIdentifier, match="owner_id must"):
        post("DAILY_REWARD", "1", owner_id)


@pytest.mark.parametrize("nonce", UNSTORABLE)
def test_a_nonce_that_cannot_be_stored_is_refused(nonce: str) -> None:
    with pytest.raises(InvalidIdentifier, match="nonce must"):
        post("DAILY_REWARD", nonce)


@pytest.mark.parametrize("text", ["x" * 255, "é" * 255, "a/b", " ", "...", "\x01", "🙂" * 255])
def test_any_other_text_is_a_valid_identifier(text: str) -> None:
    assert post("DAILY_REWARD", text, text).key == (text, text)
