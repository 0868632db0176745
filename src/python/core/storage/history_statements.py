"""The SQL statements that read an owner's entries and past balances. Only History executes them."""

from dataclasses import replace
from typing import Generic

from core.ledgers.history import Order
from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.storage.positions import (
    FIRST_POSITION,
    IN_ORDER,
    LAST_POSITION,
    balance_at,
    between,
    last_entry,
)
from core.storage.session import Statement
from core.storage.statement_text import names_of, prepared

_SINCE = f"""
CASE WHEN $4 IS NULL THEN {FIRST_POSITION} ELSE {last_entry('$1', '$4', inclusive=False)} END
"""
_UNTIL = f"""
CASE WHEN $5 IS NULL THEN {LAST_POSITION} ELSE {last_entry('$1', '$5', inclusive=False)} END
"""


def _page(since: str, until: str, start: str, order: str) -> str:
    """A page of the entries behind the position `since`, up to `until`, from `start` on.

    `start` is one of the two; $2 and $3 are the position and the balance there, if a cursor has
    them. Amounts are summed up before the operations are filtered, entry by entry until the page
    is full. So a page costs as much as the entries that it passes.
    """
    passed = between("$1", "(SELECT since FROM range)", "(SELECT until FROM range)")
    return f"""
WITH range AS MATERIALIZED (
  SELECT {since} AS since, {until} AS until
), start AS MATERIALIZED (
  SELECT coalesce($3, {balance_at('$1', f'range.{start}')}) AS balance FROM range
)
SELECT id, operation, amount, nonce, created_on, running, (SELECT balance FROM start)
FROM (
  SELECT {{owner_id}} AS owner_id, {{id}} AS id, {{operation}}::text AS operation,
    {{amount}} AS amount, {{nonce}} AS nonce, {{created_on}} AS created_on,
    sum({{amount}}) OVER (ORDER BY {order} ROWS UNBOUNDED PRECEDING) AS running
  FROM {{entries}}
  WHERE {passed}
) AS passed
WHERE $6 IS NULL OR operation = ANY ($6)
ORDER BY {order.format(owner_id="owner_id", id="id")} LIMIT $7
"""


_PAGES: dict[Order, str] = {
    "asc": _page(f"coalesce($2, {_SINCE})", _UNTIL, "since", IN_ORDER),
    "desc": _page(_SINCE, f"coalesce($2, {_UNTIL})", "until", "{owner_id} DESC, {id} DESC"),
}

_ENTRY = f"""
SELECT {{id}}, {{operation}}::text, {{amount}}, {{nonce}}, {{created_on}},
  {balance_at('$1', 'entry.{id}')}
FROM {{entries}} AS entry WHERE {{owner_id}} = $1 AND {{nonce}} = $2
"""

# No row means that the time is not in the past. `now` is the time when the round trip began, before
# the wait for other transactions. The last column says whether the owner has a balance row, which
# is what the wait locks.
_BALANCE_AS_OF = f"""
WITH found AS MATERIALIZED (
  SELECT
    CASE WHEN $2 < {{now}} THEN {last_entry('$1', '$2', inclusive=True)} END AS id
)
SELECT nullif(found.id, 0), {balance_at('$1', 'found.id')},
  EXISTS (SELECT FROM {{balances}} WHERE {{owner_id}} = $1)
FROM found WHERE found.id IS NOT NULL
"""

# They write nothing, so they are rolled back: a commit would wait for the disk.
_WAIT_FOR_POSTS = """
BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT FROM {balances} WHERE {owner_id} = %(owner)s FOR SHARE;
ROLLBACK;
"""
_WAIT_FOR_FIRST_POST = """
BEGIN ISOLATION LEVEL READ COMMITTED;
INSERT INTO {balances} ({owner_id}, {balance}) VALUES (%(owner)s, 0) ON CONFLICT DO NOTHING;
ROLLBACK;
"""


class HistoryStatements(Generic[OperationT]):
    """The statements for the tables of one ledger."""

    def __init__(self, ledger: Ledger[OperationT], *, now: str = "statement_timestamp()") -> None:
        """`now` is the SQL expression of the time when a round trip began, which tests replace."""
        names = {**names_of(ledger), "now": now}
        self.pages: dict[Order, Statement] = {
            order: prepared(
                f"page_{order}",
                text.format(**names),
                owner="text",
                position="bigint",
                balance="bigint",
                since="timestamptz",
                until="timestamptz",
                operations="text[]",
                limit="int",
            )
            for order, text in _PAGES.items()
        }
        self.entry = prepared("entry", _ENTRY.format(**names), owner="text", nonce="text")
        as_of = prepared(
            "balance_as_of", _BALANCE_AS_OF.format(**names), owner="text", time="timestamptz"
        )
        self.balance_as_of = replace(as_of, before=_WAIT_FOR_POSTS.format(**names))
        self.balance_as_of_of_new_owner = replace(
            as_of, before=_WAIT_FOR_FIRST_POST.format(**names)
        )
        self.prepared = (*self.pages.values(), self.entry, as_of)
