"""SQL that finds a position in an owner's entries by time, and the balance there.

A position is the id of an entry, or any number between ids: the balance there is that after all of
the owner's entries up to it. The functions return an expression, in which `names_of` replaces the
names in braces. Their arguments are expressions, too: parameters such as `$1`, or columns that are
qualified with the name of their table.
"""

FIRST_POSITION = "0::bigint"
LAST_POSITION = "9223372036854775807"

IN_ORDER = "{owner_id}, {id}"
"""What to order entries by that are selected with `between`."""


def between(owner: str, after: str, up_to: str) -> str:
    """The condition that an entry is the owner's, after the position `after`, and up to `up_to`.

    It compares rows, so that only one index matches both the condition and the order. Otherwise, if
    there are few owners, PostgreSQL would read the entries of all owners in the order of their ids.
    """
    return f"({IN_ORDER}) > ({owner}, {after}) AND ({IN_ORDER}) <= ({owner}, {up_to})"


def last_entry(owner: str, time: str, *, inclusive: bool) -> str:
    """The id of the owner's last entry before `time`, or at it if `inclusive`; 0 without one.

    Times are not indexed, but an owner's times increase with its ids. So this bisects the ids, with
    at most 63 index look-ups, however many entries there are. `low` is always the id of an entry
    that is early enough, or 0, and no entry after `high` is early enough.
    """
    early = f"{{created_on}} {'<=' if inclusive else '<'} {time}"
    return f"""(
  WITH RECURSIVE search (low, high) AS (
    SELECT {FIRST_POSITION}, coalesce({_outermost(owner, 'DESC')}, 0)
    UNION ALL
    SELECT coalesce(early.id, low), CASE WHEN early.id IS NULL THEN middle ELSE high END
    FROM search
    CROSS JOIN LATERAL (SELECT low + (high - low) / 2) AS halves (middle)
    LEFT JOIN LATERAL (
      SELECT {{id}} AS id FROM (
        SELECT {{id}}, {{created_on}} FROM {{entries}}
        WHERE {between(owner, 'middle', 'high')} ORDER BY {IN_ORDER} LIMIT 1
      ) AS next
      WHERE {early}
    ) AS early ON true
    WHERE high > low
  )
  SELECT max(low) FROM search
)"""


def balance_at(owner: str, position: str) -> str:
    """The owner's balance at the position.

    It adds the amounts up to the position, or subtracts those after it from the current balance,
    whichever are probably fewer.
    """
    first, last = _outermost(owner, "ASC"), _outermost(owner, "DESC")
    return f"""(
  CASE WHEN {position} - {first} < {last} - {position}
  THEN {_total(between(owner, FIRST_POSITION, position))}
  ELSE
    coalesce((SELECT {{balance}} FROM {{balances}} WHERE {{owner_id}} = {owner}), 0)
    - {_total(between(owner, position, LAST_POSITION))}
  END
)"""


def _total(condition: str) -> str:
    """The sum of the amounts. Its order is that of the index that it should read."""
    return f"""(
  SELECT coalesce(sum(amount), 0) FROM (
    SELECT {{amount}} AS amount FROM {{entries}} WHERE {condition} ORDER BY {IN_ORDER} OFFSET 0
  ) AS summed
)"""


def _outermost(owner: str, direction: str) -> str:
    """The id of the owner's first (ASC) or last (DESC) entry; NULL without one."""
    return f"""(
  SELECT {{id}} FROM {{entries}} WHERE {between(owner, FIRST_POSITION, LAST_POSITION)}
  ORDER BY {{owner_id}} {direction}, {{id}} {direction} LIMIT 1
)"""
