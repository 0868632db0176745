"""Verification finds every kind of damage in a real database."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from core.storage.damaged_books import ADD_ANN, LEDGER, Store, change, found, store_with_entries
from core.storage.verification import verify
from core.testing.databases import execute


@pytest.fixture
def store(url: SecretStr) -> Iterator[Store]:
    with store_with_entries(url) as store:
        yield store


@pytest.mark.parametrize(
    "damage, findings",
    [
        (
            "UPDATE sample.ledger_balance SET balance = 8 WHERE owner_id = 'ann'",
            ["balance: owner 'ann': the balance is 8, but the sum of the entries is 7"],
        ),
        (
            "DELETE FROM sample.ledger_balance WHERE owner_id = 'ann'",
            ["balance: owner 'ann': the balance is missing, but the sum of the entries is 7"],
        ),
        (
            "INSERT INTO sample.ledger_balance VALUES ('cid', 5)",
            ["balance: owner 'cid': the balance is 5, but the sum of the entries is 0"],
        ),
        (
            """
            ALTER TABLE sample.ledger_balance DROP CONSTRAINT ck_ledger_balance_no_overdraft;
            UPDATE sample.ledger_balance SET balance = -1 WHERE owner_id = 'ann';
            UPDATE sample.ledger_entry SET amount = 2 WHERE nonce = 'credit'
            """,
            ["overdraft: owner 'ann', entry 2: the balance after it is -2"],
        ),
        (  # The balance is right.
            """
            UPDATE sample.ledger_entry SET amount = 3 WHERE nonce = 'credit';
            UPDATE sample.ledger_entry SET amount = 8 WHERE nonce = 'reward'
            """,
            ["overdraft: owner 'ann', entry 2: the balance after it is -1"],
        ),
        (
            """
            UPDATE sample.ledger_entry SET amount = -5 WHERE nonce = 'booking';
            UPDATE sample.ledger_balance SET balance = 6 WHERE owner_id = 'ann'
            """,
            [
                "amount: owner 'ann', entry 2: the amount -5 is not a multiple of -2 or -3, the "
                "credits for each unit of BOOKING_REWARD, today and formerly; if a release changed "
                "them, add the former amount to formerly"
            ],
        ),
        (
            "UPDATE sample.ledger_entry SET operation = 'CREDIT_SPEND' WHERE nonce = 'credit'",
            [
                "amount: owner 'ann', entry 1: CREDIT_SPEND takes credits in every app, but the "
                "amount is 10"
            ],
        ),
        (
            "UPDATE sample.ledger_entry SET created_on = created_on - interval '1 day'"
            " WHERE nonce = 'booking'",
            ["order: owner 'ann', entry 2: it is older than entry 1, which has a lower id"],
        ),
        (
            """
            ALTER TABLE sample.ledger_entry DROP CONSTRAINT pk_ledger_entry CASCADE;
            ALTER TABLE sample.ledger_entry ALTER id DROP IDENTITY;
            UPDATE sample.ledger_entry SET id = 1 WHERE nonce = 'booking';
            """,
            ["order: owner 'ann', entry 1: another entry has the same id"],
        ),
        (
            ADD_ANN,
            [
                "limit: owner 'ann', entry 5: the owner has 2 entries of DAILY_REWARD in the day "
                "TODAY, of which 1 are allowed, and this one was not counted: an older release has "
                "posted it, or a person by hand"
            ],
        ),
        (
            "UPDATE sample.ledger_limit_use SET owner_id = 'bob' WHERE owner_id = 'ann'",
            [
                "limit_use: owner 'bob', entry 3: counts towards DAILY_REWARD, but is not an entry "
                "of the owner"
            ],
        ),
        (
            "UPDATE sample.ledger_limit_use SET operation = 'SIGNUP_CREDIT'"
            " WHERE owner_id = 'ann'",
            [
                "limit_use: owner 'ann', entry 3: is DAILY_REWARD, but counts towards the limit of "
                "SIGNUP_CREDIT"
            ],
        ),
        (
            """
            ALTER TABLE sample.ledger_limit_use DROP CONSTRAINT uq_ledger_limit_use_entry_id;
            INSERT INTO sample.ledger_limit_use
            SELECT owner_id, operation, period, 2, 2, entry_id FROM sample.ledger_limit_use
            WHERE owner_id = 'ann'
            """,
            ["limit_use: owner 'ann', entry 3: counts towards the limit of DAILY_REWARD twice"],
        ),
        (
            """
            ALTER TABLE sample.ledger_limit_use DROP CONSTRAINT ck_ledger_limit_use_within_limit;
            UPDATE sample.ledger_limit_use SET number = 2 WHERE owner_id = 'ann'
            """,
            ["limit_use: owner 'ann', entry 3: is number 2 of DAILY_REWARD, but 1 are allowed"],
        ),
    ],
)
def test_damage_is_found(store: Store, url: SecretStr, damage: str, findings: list[str]) -> None:
    assert found(verify(LEDGER, url)) == []
    change(url, damage)
    created_on = execute(
        url, "SELECT created_on::date FROM sample.ledger_entry WHERE nonce = 'reward'"
    )
    today = created_on[0][0].isoformat()
    assert found(verify(LEDGER, url)) == [text.replace("TODAY", today) for text in findings]
