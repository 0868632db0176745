"""A store with units and limits whose books the tests of verification damage."""

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import SecretStr

from core.ledgers.ledger import Ledger, once, once_per, per_unit
from core.ledgers.outcomes import Posted
from core.ledgers.requests import Post
from core.storage.verification import Verification
from core.testing.blocking_store import BlockingStore, blocking_store
from core.testing.databases import TRIGGERS_OFF, execute
from sample.operations import SampleOperation as Operation

LEDGER = Ledger(
    name="sample",
    operations=Operation,
    amounts={Operation.BOOKING_REWARD: per_unit(-2, at_most=10, formerly=(-3,))},
    limits={Operation.DAILY_REWARD: once_per("day"), Operation.SIGNUP_CREDIT: once()},
)
ADD_ANN = """
INSERT INTO sample.ledger_entry (operation, amount, nonce, owner_id, created_on)
SELECT 'DAILY_REWARD', 1, 'by hand', 'ann', created_on FROM sample.ledger_entry
WHERE owner_id = 'ann' AND nonce = 'reward';
UPDATE sample.ledger_balance SET balance = balance + 1 WHERE owner_id = 'ann';
"""

Store = BlockingStore[Operation]


@contextmanager
def store_with_entries(url: SecretStr) -> Iterator[Store]:
    """Ann has entries 1 to 3, with the balances 10, 6 and 7. Bob has entry 4."""
    with blocking_store(LEDGER, url, lock_timeout=5) as store:
        for post in (
            Post("ann", Operation.CREDIT_ADD, "credit"),
            Post("ann", Operation.BOOKING_REWARD, "booking", 2),
            Post("ann", Operation.DAILY_REWARD, "reward"),
            Post("bob", Operation.SIGNUP_CREDIT, "signup"),
        ):
            assert isinstance(store.post([post])[0], Posted)
        yield store


def change(url: SecretStr, statement: str) -> None:
    """Runs a statement that the triggers refuse, with the triggers disabled."""
    execute(url, f"{TRIGGERS_OFF}; {statement}")


def found(verification: Verification) -> list[str]:
    return [str(finding) for finding in verification.findings]
