"""SQL that finds a position in an owner's entries by time, and the balance there.

A position is the id of an entry, or any number between ids: the balance there is that after all of
the owner's entries up to it. The functions return an expression, in which `names_of` replaces the
names in braces. Their arguments are expressions, too: parameters such as `$1`, or columns that are
qualified with the name of their table.
"""


def last_entry(owner: str, time: str, *, inclusive: bool) -> str:
    """The id of the owner's last entry before `time`, or at it if `inclusive`; 0 without one.

    There is no index of times, but an owner's times are in the order of its ids. So this bisects
    the ids, with at most 63 look-ups in an index, however many entries there are. `low` is always
    the id of an entry that is early enough, or 0, and no entry from `high` on is early enough.
    """
    early = f"{{created_on}} {'<=' if inclusive else '<'} {time}"
    return f"""(
  WITH RECURSIVE search (low, high) AS (
    SELECT 0::bigint, coalesce(max({{id}}), 0) + 1 FROM {{entries}} WHERE {{owner_id}} = {owner}
    UNION ALL
    SELECT coalesce(early.id, low), CASE WHEN early.id IS NULL THEN middle ELSE high END
    FROM search
    CROSS JOIN LATERAL (SELECT (low + high) / 2) AS halves (middle)
    LEFT JOIN LATERAL (
      SELECT {{id}} AS id FROM (
        SELECT {{id}}, {{created_on}} FROM {{entries}}
        WHERE {{owner_id}} = {owner} AND {{id}} >= middle AND {{id}} < high
        ORDER BY {{id}} LIMIT 1
      ) AS next
      WHERE {early}
    ) AS early ON true
    WHERE high - low > 1
  )
  SELECT low FROM search ORDER BY high - low LIMIT 1
)"""


def balance_at(owner: str, position: str) -> str:
    """The owner's balance at the position.

    It adds the amounts up to the position, or subtracts those after it from the current balance,
    whichever are probably fewer.
    """
    ids = f"FROM {{entries}} WHERE {{owner_id}} = {owner}"
    total = f"SELECT coalesce(sum({{amount}}), 0) {ids}"
    return f"""(
  CASE WHEN {position} - (SELECT min({{id}}) {ids}) < (SELECT max({{id}}) {ids}) - {position}
  THEN ({total} AND {{id}} <= {position})
  ELSE
    coalesce((SELECT {{balance}} FROM {{balances}} WHERE {{owner_id}} = {owner}), 0)
    - ({total} AND {{id}} > {position})
  END
)"""
