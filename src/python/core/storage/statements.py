"""The SQL of posting and of reading balances. Only the store uses it, and says in which order.

The cursors are psycopg2's own and autocommit: a transaction begins and ends where the SQL says so.
Statements that follow each other are sent together, which saves journeys while rows are locked.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Generic

from psycopg2.extensions import cursor as Cursor

from core.ledgers.ledger import Ledger
from core.ledgers.models import OPERATION_TYPE, models_of
from core.ledgers.operations import OperationT
from core.ledgers.outcomes import Entry, Posted
from core.ledgers.posting import AcceptPost
from core.ledgers.requests import Key, Post

_BALANCES = "SELECT owner_id, balance FROM {balance} WHERE owner_id = ANY (%(owners)s::text[])"

# The CHECK and the unique constraint decide what two of these at once could not see of each other.
_PREPARE_ALONE = """
PREPARE {ledger}_post_alone (text, {operation}, int, text) AS
WITH owner AS (
  UPDATE {balance} SET balance = balance + $3
  WHERE owner_id = $1 AND balance + $3 >= 0
    AND NOT EXISTS (SELECT FROM {entry} WHERE owner_id = $1 AND nonce = $4)
  RETURNING balance
)
INSERT INTO {entry} (operation, amount, nonce, owner_id)
SELECT $2, $3, $4, $1 FROM owner
RETURNING id, created_on, (SELECT balance FROM owner)
"""

_POST_ALONE = "EXECUTE {ledger}_post_alone (%s, %s, %s, %s)"

_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED;"

# A missing row cannot be locked. In byte order, like the locks: no two wait for each other.
_CREATE = """
INSERT INTO {balance} (owner_id, balance)
SELECT owner_id, 0 FROM unnest(%(locked)s::text[]) AS owner (owner_id)
ORDER BY owner_id COLLATE "C"
ON CONFLICT DO NOTHING;
"""

_LOCK = """
SELECT FROM {balance} WHERE owner_id = ANY (%(locked)s::text[]) ORDER BY owner_id FOR UPDATE;
"""

# A statement of its own, so its snapshot is younger than the locks: it sees all that their last
# holders have committed.
_READ = """
SELECT post.owner_id, balance.balance, post.nonce,
  entry.id, entry.operation, entry.amount, entry.created_on
FROM unnest(%(owners)s::text[], %(nonces)s::text[]) AS post (owner_id, nonce)
LEFT JOIN {balance} AS balance ON balance.owner_id = post.owner_id
LEFT JOIN {entry} AS entry ON entry.owner_id = post.owner_id AND entry.nonce = post.nonce
"""

_WRITE = """
UPDATE {balance} AS balance SET balance = changed.balance
FROM unnest(%(changed)s::text[], %(balances)s::bigint[]) AS changed (owner_id, balance)
WHERE balance.owner_id = changed.owner_id;

INSERT INTO {entry} (operation, amount, nonce, owner_id)
SELECT operation, amount, nonce, owner_id
FROM unnest(
  %(operations)s::{operation}[], %(amounts)s::int[], %(nonces)s::text[], %(owners)s::text[]
) WITH ORDINALITY AS post (operation, amount, nonce, owner_id, number)
ORDER BY number
RETURNING owner_id, nonce, id, created_on
"""

_BUSY = """
WITH free AS (
  SELECT owner_id FROM {balance} WHERE owner_id = ANY (%(locked)s::text[])
  ORDER BY owner_id FOR UPDATE SKIP LOCKED
)
SELECT owner_id FROM {balance} WHERE owner_id = ANY (%(locked)s::text[])
EXCEPT SELECT owner_id FROM free
"""


class Statements(Generic[OperationT]):
    """The statements for one ledger's tables, and what their rows mean."""

    def __init__(self, ledger: Ledger[OperationT]) -> None:
        self._operations = ledger.operations
        models = models_of(ledger)
        names = {
            "ledger": ledger.name,
            "entry": f"{ledger.name}.{models.entry.__tablename__}",
            "balance": f"{ledger.name}.{models.balance.__tablename__}",
            "operation": f"{ledger.name}.{OPERATION_TYPE}",
        }
        self._balances = _BALANCES.format(**names)
        self.prepare_alone = _PREPARE_ALONE.format(**names)
        self._post_alone = _POST_ALONE.format(**names)
        self._begin = (_BEGIN + _LOCK + _READ).format(**names)
        self._begin_with_new = (_BEGIN + _CREATE + _LOCK + _READ).format(**names)
        self._busy = _BUSY.format(**names)
        self._write = _WRITE.format(**names)

    def balances(self, cursor: Cursor, owner_ids: Sequence[str]) -> dict[str, int]:
        """The balances of those owners that have one."""
        cursor.execute(self._balances, {"owners": _array(owner_ids)})
        return dict(cursor.fetchall())

    def post_alone(
        self, cursor: Cursor, post: Post[OperationT], amount: int
    ) -> Posted[OperationT] | None:
        """Posts and commits; writes nothing where the owner is new or the rules refuse.

        The connection must have executed `prepare_alone`: to plan takes a third of the time.
        Raises psycopg2.IntegrityError where another transaction uses the nonce meanwhile.
        """
        cursor.execute(self._post_alone, (post.owner_id, post.operation.value, amount, post.nonce))
        row = cursor.fetchone()
        if row is None:
            return None
        id_, created_on, balance = row
        entry = Entry(id_, post.operation, amount, post.nonce, post.owner_id, created_on)
        return Posted(entry, balance)

    def busy(self, cursor: Cursor, owner_ids: Collection[str]) -> set[str]:
        """Those owners that a transaction has locked now."""
        cursor.execute(self._busy, {"locked": _array(owner_ids)})
        return {owner_id for owner_id, in cursor.fetchall()}

    def begin(
        self, cursor: Cursor, posts: Sequence[Post[OperationT]]
    ) -> tuple[dict[str, int], dict[Key, Entry[OperationT]]]:
        """Begins a transaction, and locks the posts' owners until it ends.

        Returns their balances, and the entries that the posts' keys have. Both are final.
        """
        owners = [post.owner_id for post in posts]
        parameters = {
            "locked": _array(set(owners)),
            "owners": _array(owners),
            "nonces": _array(post.nonce for post in posts),
        }
        cursor.execute(self._begin, parameters)
        rows = cursor.fetchall()
        if any(row[1] is None for row in rows):
            # To make a row while others are locked could deadlock.
            cursor.execute("ROLLBACK;" + self._begin_with_new, parameters)
            rows = cursor.fetchall()
        balances: dict[str, int] = {}
        entries: dict[Key, Entry[OperationT]] = {}
        for owner_id, balance, nonce, id_, operation, amount, created_on in rows:
            balances[owner_id] = balance
            if id_ is not None:
                of = self._operations(operation)
                entries[owner_id, nonce] = Entry(id_, of, amount, nonce, owner_id, created_on)
        return balances, entries

    def write(
        self, cursor: Cursor, accepted: Sequence[tuple[Post[OperationT], AcceptPost]]
    ) -> dict[Key, Entry[OperationT]]:
        """Sets the balances, inserts the accepted posts in order, and commits; returns these."""
        changed = {post.owner_id: accept.balance for post, accept in accepted}
        parameters = {
            "changed": _array(changed),
            "balances": _array(str(balance) for balance in changed.values()),
            "operations": _array(post.operation.value for post, _ in accepted),
            "amounts": _array(str(accept.amount) for _, accept in accepted),
            "nonces": _array(post.nonce for post, _ in accepted),
            "owners": _array(post.owner_id for post, _ in accepted),
        }
        cursor.execute(self._write, parameters)
        rows = cursor.fetchall()
        cursor.execute("COMMIT")
        made = {(owner_id, nonce): made for owner_id, nonce, *made in rows}
        entries: dict[Key, Entry[OperationT]] = {}
        for post, accept in accepted:
            id_, created_on = made[post.key]
            entries[post.key] = Entry(
                id_, post.operation, accept.amount, post.nonce, post.owner_id, created_on
            )
        return entries


def _array(items: Iterable[str]) -> str:
    """An array's text form: https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO.

    psycopg2 would make an expression of it, which takes both sides several times as long.
    """
    quoted = (item.replace("\\", "\\\\").replace('"', '\\"') for item in items)
    return '{"' + '","'.join(quoted) + '"}'
