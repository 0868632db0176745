"""Replays the latest posts of a stored ledger, from one snapshot: see core/ledgers/replay.py."""

from datetime import datetime

import psycopg2
from pydantic import SecretStr

from core.ledgers.errors import DatabaseUnavailable
from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.ledgers.replay import Former, Replay
from core.storage.limit_usage import period_of_entry, period_parameters
from core.storage.snapshot import OnProgress, no_progress, snapshot_of
from core.storage.sqlstates import is_statement_timeout
from core.storage.statement_text import names_of

# The entries since then, of the owners that have one. Those before then count towards limits if
# they are in the period that was current then. An owner's times are in the order of its ids, so the
# balance before the replayed entries is today's without their amounts.
_POSTS = """
SELECT owner_id, opening, replayed, operation, amount, period
FROM (
  SELECT post.*, balance.{{balance}} - sum(amount) FILTER (WHERE replayed)
    OVER (PARTITION BY post.owner_id) AS opening
  FROM (
    SELECT {{owner_id}} AS owner_id, {{id}} AS id, {{operation}}::text AS operation,
      {{amount}} AS amount, {{created_on}} >= %(since)s AS replayed, {period} AS period
    FROM {{entries}}
    WHERE {{created_on}} >= %(since)s OR {period} = {period_then}
  ) AS post
  JOIN {{balances}} AS balance ON balance.{{owner_id}} = post.owner_id
) AS post
WHERE opening IS NOT NULL
ORDER BY owner_id, id
"""


def replayed(
    ledger: Ledger[OperationT],
    url: SecretStr,
    *,
    since: datetime,
    former: Former | None = None,
    connect_timeout: float = 5,
    statement_timeout: float = 0,
    on_progress: OnProgress = no_progress,
) -> Replay[OperationT]:
    """Returns how the ledger's amounts and limits would have decided the posts since a time.

    Only reads, on one snapshot, while others may post. The database may be at any revision that
    has the ledger's tables. `former` is that of a Replay. `statement_timeout` is in seconds.

    Raises DatabaseUnavailable if the database does not answer, or takes longer than that, and
    DatabaseAccessDenied if the role lacks a privilege.
    """
    replay = Replay(ledger, former)
    statement = _POSTS.format(
        period=period_of_entry(ledger, "{created_on}"),
        period_then=period_of_entry(ledger, "%(since)s"),
    ).format(**names_of(ledger))
    parameters = {"since": since, **period_parameters(ledger)}
    with snapshot_of(
        ledger, url, connect_timeout=connect_timeout, statement_timeout=statement_timeout
    ) as snapshot:
        try:
            replay.add(snapshot.rows(statement, parameters, lambda read: on_progress(read, None)))
        except psycopg2.Error as error:
            if not is_statement_timeout(error):
                raise
            raise DatabaseUnavailable(
                f"The database has not found the posts within {statement_timeout:g} s: replay "
                "fewer days, or allow more time"
            ) from error
    return replay
