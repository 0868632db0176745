"""docs/apps.md shows what `replay` prints of the posts below."""

import pytest

from apps.content.readme.shown_command import shown_and_printed
from core.testing.databases import Databases, execute

# Each of the first 21 owners had too little for what CONTENT_CREATION costs now, and the others
# have enough. Former posts took 1 credit.
POSTS = """
INSERT INTO content.ledger_balance SELECT 'owner-' || n, 100 FROM generate_series(1, 188) AS n;
INSERT INTO content.ledger_entry (operation, amount, nonce, owner_id, created_on)
SELECT 'CREDIT_ADD', CASE WHEN n <= 21 THEN 4 ELSE 100 END, 'old', 'owner-' || n,
  now() - interval '40 days'
FROM generate_series(1, 188) AS n;
INSERT INTO content.ledger_entry (operation, amount, nonce, owner_id, created_on)
SELECT 'CONTENT_CREATION', -1, 'article-' || k, 'owner-' || n, now() - interval '2 days'
FROM generate_series(1, 188) AS n, generate_series(1, 7) AS k
WHERE k <= CASE WHEN n <= 5 THEN 1 WHEN n <= 21 THEN 2 WHEN n <= 23 THEN 6 ELSE 7 END;
INSERT INTO content.ledger_entry (operation, amount, nonce, owner_id, created_on)
SELECT 'CREDIT_ADD', 10, 'order-' || k, 'owner-' || n, now() - interval '1 day'
FROM generate_series(22, 188) AS n, generate_series(1, 2) AS k WHERE k = 1 OR n < 165;
UPDATE content.ledger_balance AS balance SET balance =
  (SELECT sum(amount) FROM content.ledger_entry AS entry WHERE entry.owner_id = balance.owner_id);
"""


def test_the_replay_is_the_one_shown(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    url = databases.migrated("content")
    execute(url, POSTS)
    monkeypatch.setenv("DATABASE_URL", url.get_secret_value())
    shown, printed = shown_and_printed("docs/apps.md", "replay")
    assert shown == printed, f"docs/apps.md must show:\n{printed}"
