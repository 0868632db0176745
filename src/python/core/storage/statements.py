"""The SQL statements that post entries and read balances. Only the store executes them.

They run on psycopg2 cursors in autocommit mode, so transactions begin and end explicitly, in the
SQL. Consecutive statements are sent together to save round trips while rows are locked.
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

# This statement does not see what other transactions commit after its snapshot was taken. The
# CHECK and the unique constraint catch the conflicts that its own conditions then miss.
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

# A missing row cannot be locked, so it is inserted first. Rows are inserted in byte order, the
# order in which they are locked, so that transactions cannot deadlock.
_CREATE = """
INSERT INTO {balance} (owner_id, balance)
SELECT owner_id, 0 FROM unnest(%(locked)s::text[]) AS owner (owner_id)
ORDER BY owner_id COLLATE "C"
ON CONFLICT DO NOTHING;
"""

_LOCK = """
SELECT FROM {balance} WHERE owner_id = ANY (%(locked)s::text[]) ORDER BY owner_id FOR UPDATE;
"""

# A separate statement, so that its snapshot is taken after the locks and includes everything that
# the previous lock holders committed.
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
    """Executes the statements on one ledger's tables and converts their rows."""

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
        """Returns the balances of those of the owners that have one."""
        cursor.execute(self._balances, {"owners": _array(owner_ids)})
        return dict(cursor.fetchall())

    def post_alone(
        self, cursor: Cursor, post: Post[OperationT], amount: int
    ) -> Posted[OperationT] | None:
        """Posts with a single statement and commits.

        Returns None, and writes nothing, if the owner is new or the post is refused.

        The connection must have executed `prepare_alone`, because planning the statement each
        time would take a third of its run time.

        Raises psycopg2.IntegrityError if a concurrent transaction has used the nonce.
        """
        cursor.execute(self._post_alone, (post.owner_id, post.operation.value, amount, post.nonce))
        row = cursor.fetchone()
        if row is None:
            return None
        id_, created_on, balance = row
        entry = Entry(id_, post.operation, amount, post.nonce, post.owner_id, created_on)
        return Posted(entry, balance)

    def busy(self, cursor: Cursor, owner_ids: Collection[str]) -> set[str]:
        """Returns those of the owners that another transaction has locked."""
        cursor.execute(self._busy, {"locked": _array(owner_ids)})
        return {owner_id for owner_id, in cursor.fetchall()}

    def begin(
        self, cursor: Cursor, posts: Sequence[Post[OperationT]]
    ) -> tuple[dict[str, int], dict[Key, Entry[OperationT]]]:
        """Begins a transaction that locks the owners of `posts` until it ends.

        Returns the owners' balances, and the existing entries with the keys of `posts`. Neither
        can change while the owners are locked.
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
            # Inserting rows while holding locks could deadlock, so the locks are released first.
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
        """Updates the balances, inserts the accepted posts in order, and commits.

        Returns the new entries by key.
        """
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
    """Formats an array: https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO.

    psycopg2 would turn a list into an ARRAY[...] expression, which takes both the client and the
    server several times as long to process.
    """
    quoted = (item.replace("\\", "\\\\").replace('"', '\\"') for item in items)
    return '{"' + '","'.join(quoted) + '"}'
