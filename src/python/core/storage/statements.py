"""The SQL statements that post entries, read balances, and check that posts would succeed.

All names come from the models, quoted. Consecutive statements are sent together to save round
trips while rows are locked.
"""

from typing import Generic

from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.storage.session import Statement
from core.storage.statement_text import names_of, prepared

_BALANCES = """
SELECT {owner_id}, {balance} FROM {balances} WHERE {owner_id} = ANY ($1)
"""

# Posts all of an owner's posts or none of them. `net` is the sum of an owner's amounts, and
# `lowest` the lowest of their running sums. An owner is left out if it has used one of the nonces,
# or if its balance would become negative, or if it is so high that a running sum might exceed what
# can be stored.
#
# The result has a row for each post: that of its new entry, with the owner's balance before the
# group; or, if the owner is left out, the owner's balance and the entry that has the nonce, as far
# as there are any.
#
# A statement has one snapshot, so `used` does not see the entries that other transactions commit
# while this one waits for a lock. If one of them uses a nonce, the unique constraint makes the
# whole statement fail.
#
# `created` begins when `locked` is complete, because it depends on all of it. New rows are inserted
# in byte order. So a transaction that waits for a new row has all its locks, and none can deadlock.
#
# The operation is cast from text, so that the plan does not depend on the enum type, which a
# migration may replace.
_POST_OWNERS = """
WITH post AS MATERIALIZED (
  SELECT * FROM unnest($1, $2, $3, $4) WITH ORDINALITY
    AS post (owner_id, operation, amount, nonce, number)
), owner AS MATERIALIZED (
  SELECT * FROM unnest($5, $6, $7) AS owner (owner_id, net, lowest)
), used AS MATERIALIZED (
  SELECT post.owner_id
  FROM post JOIN {entries} AS entry
    ON entry.{owner_id} = post.owner_id AND entry.{nonce} = post.nonce
), locked AS MATERIALIZED (
  SELECT {owner_id} AS owner_id, {balance} AS balance FROM {balances}
  WHERE {owner_id} = ANY ($5) ORDER BY {owner_id} FOR UPDATE
), changed AS (
  UPDATE {balances} AS balance SET {balance} = locked.balance + owner.net
  FROM locked JOIN owner USING (owner_id)
  WHERE balance.{owner_id} = locked.owner_id
    AND locked.balance + owner.lowest >= 0
    AND locked.balance < {high_balance}
    AND locked.owner_id NOT IN (SELECT owner_id FROM used)
  RETURNING locked.owner_id, locked.balance
), created AS (
  INSERT INTO {balances} ({owner_id}, {balance})
  SELECT owner_id, net FROM owner
  WHERE lowest >= 0
    AND owner_id NOT IN (SELECT owner_id FROM locked)
    AND owner_id NOT IN (SELECT owner_id FROM used)
  ORDER BY owner_id COLLATE "C"
  ON CONFLICT DO NOTHING
  RETURNING {owner_id} AS owner_id
), accepted AS MATERIALIZED (
  SELECT owner_id, balance FROM changed UNION ALL SELECT owner_id, 0 FROM created
), entry AS (
  INSERT INTO {entries} ({operation}, {amount}, {nonce}, {owner_id})
  SELECT post.operation::{operation_type}, post.amount, post.nonce, post.owner_id
  FROM post JOIN accepted USING (owner_id)
  ORDER BY post.number
  RETURNING {id} AS id, {created_on} AS created_on, {owner_id} AS owner_id, {nonce} AS nonce
)
SELECT true, entry.owner_id, entry.nonce, accepted.balance, entry.id, entry.created_on, NULL, NULL
FROM entry JOIN accepted USING (owner_id)
UNION ALL
SELECT false, post.owner_id, post.nonce, balance.{balance},
  entry.{id}, entry.{created_on}, entry.{operation}::text, entry.{amount}
FROM post
LEFT JOIN {balances} AS balance ON balance.{owner_id} = post.owner_id
LEFT JOIN {entries} AS entry
  ON entry.{owner_id} = post.owner_id AND entry.{nonce} = post.nonce
WHERE post.owner_id NOT IN (SELECT owner_id FROM accepted)
"""

# The same for a single post, in a third of the time. Without a row in the result nothing is posted.
_POST_ALONE = """
WITH owner AS (
  UPDATE {balances} SET {balance} = {balance} + $3
  WHERE {owner_id} = $1 AND {balance} + $3 >= 0 AND {balance} < {high_balance}
    AND NOT EXISTS (SELECT FROM {entries} WHERE {owner_id} = $1 AND {nonce} = $4)
  RETURNING {balance} AS balance
), entry AS (
  INSERT INTO {entries} ({operation}, {amount}, {nonce}, {owner_id})
  SELECT $2::{operation_type}, $3, $4, $1 FROM owner
  RETURNING {id} AS id, {created_on} AS created_on
)
SELECT id, created_on, balance FROM entry, owner
"""

_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED;"

# A missing row cannot be locked, so it is inserted first: in byte order, and without holding any
# lock, so that transactions cannot deadlock.
_CREATE_OWNERS = """
INSERT INTO {balances} ({owner_id}, {balance})
SELECT owner_id, 0 FROM unnest(%(owners)s::text[]) AS owner (owner_id)
ORDER BY owner_id COLLATE "C"
ON CONFLICT DO NOTHING
"""

_LOCK_OWNERS = """
SELECT FROM {balances} WHERE {owner_id} = ANY (%(owners)s::text[])
ORDER BY {owner_id} FOR UPDATE;
"""

# A separate statement, so that its snapshot is taken after the locks and includes everything that
# the previous lock holders committed. It also includes rows that were inserted after the locking,
# so a balance is read only if this transaction has locked its row: then it is the row's xmax.
_READ = """
SELECT post.owner_id, balance.{balance}, post.nonce,
  entry.{id}, entry.{operation}, entry.{amount}, entry.{created_on}
FROM unnest(%(post_owners)s::text[], %(nonces)s::text[]) AS post (owner_id, nonce)
LEFT JOIN {balances} AS balance
  ON balance.{owner_id} = post.owner_id AND balance.xmax = pg_current_xact_id_if_assigned()::xid
LEFT JOIN {entries} AS entry
  ON entry.{owner_id} = post.owner_id AND entry.{nonce} = post.nonce
"""

_CHANGE_BALANCES = """
UPDATE {balances} AS balance SET {balance} = changed.balance
FROM unnest(%(owners)s::text[], %(balances)s::bigint[]) AS changed (owner_id, balance)
WHERE balance.{owner_id} = changed.owner_id;
"""

_INSERT = """
INSERT INTO {entries} ({operation}, {amount}, {nonce}, {owner_id})
SELECT operation::{operation_type}, amount, nonce, owner_id
FROM unnest(
  %(operations)s::text[], %(amounts)s::int[], %(nonces)s::text[], %(post_owners)s::text[]
) WITH ORDINALITY AS post (operation, amount, nonce, owner_id, number)
ORDER BY number
RETURNING {owner_id}, {nonce}, {id}, {created_on}
"""

# The entries have the time that determined the periods, so each is in its period.
_INSERT_LIMITED = """
WITH post AS MATERIALIZED (
  SELECT * FROM unnest(
    %(operations)s::text[], %(amounts)s::int[], %(nonces)s::text[], %(post_owners)s::text[],
    %(periods)s::text[], %(numbers)s::int[], %(allowed)s::int[]
  ) WITH ORDINALITY
    AS post (operation, amount, nonce, owner_id, period, number, allowed, position)
), entry AS (
  INSERT INTO {entries} ({operation}, {amount}, {nonce}, {owner_id}, {created_on})
  SELECT operation::{operation_type}, amount, nonce, owner_id, %(moment)s::timestamptz
  FROM post ORDER BY position
  RETURNING {owner_id} AS owner_id, {nonce} AS nonce, {id} AS id, {created_on} AS created_on
), used AS (
  INSERT INTO {uses} ({owner_id}, {operation}, {period}, {number}, {allowed}, {entry_id})
  SELECT owner_id, operation, period, number, allowed, id
  FROM post JOIN entry USING (owner_id, nonce)
  WHERE number > 0
)
SELECT owner_id, nonce, id, created_on FROM entry
"""

_BUSY_OWNERS = """
WITH unlocked AS (
  SELECT {owner_id} FROM {balances} WHERE {owner_id} = ANY (%(owners)s::text[])
  ORDER BY {owner_id} FOR UPDATE SKIP LOCKED
)
SELECT {owner_id} FROM {balances} WHERE {owner_id} = ANY (%(owners)s::text[])
EXCEPT SELECT {owner_id} FROM unlocked
"""


# The operations that only the database has, in its order.
_REMOVED_OPERATIONS = """
SELECT enumlabel FROM pg_enum
WHERE enumtypid = '{operation_type}'::regtype AND enumlabel <> ALL (%(operations)s::text[])
ORDER BY enumsortorder
"""
_UNKNOWN_OPERATIONS = """
SELECT operation FROM unnest(%(operations)s::text[]) AS operation
WHERE operation NOT IN (
  SELECT enumlabel FROM pg_enum WHERE enumtypid = '{operation_type}'::regtype
)
"""


class Statements(Generic[OperationT]):
    """The statements for the tables of one ledger. Their parameters are arrays: see arrays.py."""

    def __init__(self, ledger: Ledger[OperationT]) -> None:
        names = names_of(ledger)
        # Prepared, because planning the statements each time would take longer than running them.
        self.balances = prepared("balances", _BALANCES.format(**names), owners="text[]")
        self.post_alone = prepared(
            "post_alone",
            _POST_ALONE.format(**names),
            owner="text",
            operation="text",
            amount="int",
            nonce="text",
        )
        self.post_owners = prepared(
            "post_owners",
            _POST_OWNERS.format(**names),
            post_owners="text[]",
            operations="text[]",
            amounts="int[]",
            nonces="text[]",
            owners="text[]",
            net="bigint[]",
            lowest="bigint[]",
        )
        # Checks that all tables, columns, types and privileges that posting needs are there.
        self.explain_posting = Statement("EXPLAIN " + self.post_owners.text)
        self.unknown_operations = Statement(_UNKNOWN_OPERATIONS.format(**names))
        self.removed_operations = Statement(_REMOVED_OPERATIONS.format(**names))
        self.begin = Statement((_BEGIN + _LOCK_OWNERS + _READ).format(**names))
        self.create_owners = Statement(_CREATE_OWNERS.format(**names))
        self.write = Statement((_CHANGE_BALANCES + _INSERT).format(**names))
        self.write_limited = Statement((_CHANGE_BALANCES + _INSERT_LIMITED).format(**names))
        self.explain_limited = Statement("EXPLAIN " + _INSERT_LIMITED.format(**names))
        self.busy_owners = Statement(_BUSY_OWNERS.format(**names))


COMMIT = Statement("COMMIT")
