"""The command `replay`, as a user runs it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pydantic import SecretStr

from core.cli.main import program_of
from core.ledgers.description import described_ledger
from core.ledgers.ledger import Ledger
from core.testing.databases import Databases, execute
from core.testing.process_environment import environment
from core.testing.programs import run
from sample.ledger import LEDGER
from sample.limited_ledger import LIMITED_LEDGER
from sample.operations import SampleOperation as Operation

FILL = """
INSERT INTO sample.ledger_balance VALUES ('ann', 7), ('bob', 2);
INSERT INTO sample.ledger_entry (operation, amount, nonce, owner_id, created_on) VALUES
  ('CREDIT_ADD', 10, '1', 'ann', now() - interval '40 days'),
  ('CREDIT_SPEND', -3, '2', 'ann', now() - interval '1 day'),
  ('SIGNUP_CREDIT', 1, '1', 'bob', now() - interval '1 minute'),
  ('SIGNUP_CREDIT', 1, '2', 'bob', now());
"""


@pytest.fixture
def url(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> SecretStr:
    """A database that the program uses, with three posts of the last 30 days, and one before."""
    migrated = databases.migrated("sample")
    execute(migrated, FILL)
    monkeypatch.setenv("DATABASE_URL", migrated.get_secret_value())
    return migrated


@pytest.fixture
def former(tmp_path: Path) -> str:
    """The description of the release in which a unit of CREDIT_SPEND was -1 credit."""
    path = tmp_path / "former.json"
    path.write_text(json.dumps(described_ledger(LEDGER)))
    return str(path)


def replay(
    *arguments: str, ledger: Ledger[Operation] = LIMITED_LEDGER, stdin: str | None = None
) -> Result:
    return CliRunner().invoke(program_of(ledger), ["replay", *arguments], input=stdin)


def test_what_would_have_been_refused_is_counted_by_operation(url: SecretStr, former: str) -> None:
    done = replay("--former", former)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        "operation      posts  refused",
        "CREDIT_SPEND       1        0",
        "SIGNUP_CREDIT      2        1  limit_reached 1",
        "",
        "1 of 3 posts would have been refused, which concerns 1 of 2 owners",
    ]
    assert done.stderr.startswith("replayed 3 entries in ")


def test_the_days_are_those_until_now(url: SecretStr, former: str) -> None:
    for days, posts in ((1, 2), (2, 3), (41, 4)):
        shown = json.loads(replay("--former", former, "--days", f"{days}", "--json").stdout)
        assert (shown["posts"], shown["refused"], shown["refused_owners"]) == (posts, 1, 1)
        *_, signups = shown["operations"]
        refused = {"limit_reached": 1}
        assert signups == {"operation": "SIGNUP_CREDIT", "posts": 2, "refused": refused}


def test_amounts_that_are_no_multiple_are_counted(url: SecretStr, tmp_path: Path) -> None:
    execute(url, "INSERT INTO sample.ledger_balance VALUES ('cid', 0)")
    execute(
        url,
        "INSERT INTO sample.ledger_entry (operation, amount, nonce, owner_id)"
        " VALUES ('CREDIT_SPEND', 0, '1', 'cid')",
    )
    path = tmp_path / "limited.json"
    path.write_text(json.dumps(described_ledger(LIMITED_LEDGER)))
    done = replay("--former", str(path))
    last = "no multiple of an amount per unit, and so counted as one unit: 1; keep former"
    assert done.stdout.splitlines()[-1].startswith(last)


@pytest.mark.parametrize(
    "text, problem",
    [
        (None, "CREDIT_SPEND had another amount per unit, and an entry does not say which: add"),
        ("{}", "it is not what docs/operations/sample.json has"),
        ('{"ledger": "shop", "operations": []}', "it is of the ledger 'shop', not 'sample'"),
    ],
)
def test_wrong_usage_is_explained(tmp_path: Path, text: str | None, problem: str) -> None:
    path = tmp_path / "former.json"
    path.write_text(text or "")
    done = replay(*(() if text is None else ("--former", str(path))))
    assert done.exit_code == 2
    assert problem in " ".join(done.stderr.replace("\n", " ").split())


def test_the_former_operations_may_come_from_git(url: SecretStr, former: str) -> None:
    done = replay("--former", "-", ledger=LEDGER, stdin=Path(former).read_text())
    assert done.exit_code == 0, done.stderr
    assert "0 of 3 posts would have been refused" in done.stdout


def test_a_database_without_a_ledger_is_refused(databases: Databases) -> None:
    env = environment(DATABASE_URL=databases.empty())
    done = run("sample.service", "replay", env=env)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "The database has no ledger of 'sample', or lacks one of its tables" in done.stderr
