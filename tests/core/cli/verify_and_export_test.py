"""The commands `verify` and `export`, as a user runs them."""

import csv
import io
import json
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.cli.progress import Progress
from core.ledgers.outcomes import Posted
from core.ledgers.requests import Post
from core.service.sample_requests import post
from core.testing import programs
from core.testing.blocking_store import blocking_store
from core.testing.databases import Databases, changeable_entries, execute
from core.testing.process_environment import environment
from core.testing.service_process import command, service
from sample.ledger import LEDGER
from sample.operations import SampleOperation as Operation

# Text that a careless format would tear apart.
ODD = ['a,b "c"', "two\nlines", "carriage\rreturn", "=1+1", "é \U0001f600 \u2028 \x1b[31m", " x "]

FILL = """
INSERT INTO sample.ledger_balance VALUES ('many', {count});
INSERT INTO sample.ledger_entry (operation, amount, nonce, owner_id)
SELECT 'DAILY_REWARD', 1, 'nonce ' || n, 'many' FROM generate_series(1, {count}) AS n
"""


@pytest.fixture
def url(databases: Databases) -> SecretStr:
    return databases.migrated("sample")


def run(*arguments: str, **settings: str | SecretStr) -> "subprocess.CompletedProcess[str]":
    return programs.run("sample.service", *arguments, env=environment(**settings))


def fill(url: SecretStr, posts: Sequence[Post[Operation]]) -> None:
    with blocking_store(LEDGER, url) as store:
        assert all(isinstance(outcome, Posted) for outcome in store.post(posts))


def test_verify_prints_what_it_counted(url: SecretStr) -> None:
    fill(url, [Post("ann", Operation.CREDIT_ADD, "1"), Post("bob", Operation.CREDIT_ADD, "1")])
    fill(url, [Post("ann", Operation.CREDIT_SPEND, "2")])
    with changeable_entries(url, "sample"):
        execute(url, "UPDATE sample.ledger_entry SET amount = 11 WHERE owner_id = 'bob'")
    execute(url, "UPDATE sample.ledger_balance SET balance = 11 WHERE owner_id = 'bob'")
    done = run("verify", DATABASE_URL=url)
    assert done.stdout.splitlines() == [
        "operation     amount  entries",
        "CREDIT_SPEND      -1        1",
        "CREDIT_ADD        10        1",
        "CREDIT_ADD        11        1  not today's amount",
        "",
        "2 owners, 3 entries, 0 findings",
    ]
    assert done.returncode == 0
    assert done.stderr.startswith("verified 3 entries in ")


def test_verify_exits_with_1_and_the_findings(url: SecretStr) -> None:
    fill(url, [Post("ann\n", Operation.CREDIT_ADD, "1"), Post("bob", Operation.CREDIT_ADD, "1")])
    execute(
        url,
        """
        UPDATE sample.ledger_balance SET balance = 9;
        INSERT INTO sample.ledger_balance
        SELECT 'owner ' || n, 1 FROM generate_series(1, 110) AS n
        """,
    )
    done = run("verify", DATABASE_URL=url)
    lines = done.stdout.splitlines()
    assert done.returncode == 1 and len(lines) == 3 + 1 + 100 + 1
    assert lines[3:5] == [
        "112 owners, 2 entries, 112 findings",
        "balance: owner 'ann\\n': the balance is 9, but the sum of the entries is 10",
    ]
    assert lines[-1] == "and 12 more"
    one = run("verify", "--owner", "bob", DATABASE_URL=url)
    assert one.returncode == 1 and one.stdout.count("balance: ") == 1
    recent = run("verify", "--since", "2999-01-01T00:00:00Z", DATABASE_URL=url)
    assert (recent.returncode, recent.stdout) == (0, "0 owners, 0 entries, 0 findings\n")


@pytest.mark.parametrize("value", ["2026-11-25T10:00:00", "2026-11-25", "1764061200", "now"])
def test_a_time_without_an_offset_is_refused(value: str) -> None:
    done = run("verify", "--since", value)
    assert done.returncode == 2 and "is not a time with an offset" in done.stderr


@pytest.mark.parametrize("arguments", [["verify"], ["export", "--format", "csv"]])
def test_an_owner_without_entries_may_be_misspelled(url: SecretStr, arguments: list[str]) -> None:
    fill(url, [Post("ann", Operation.CREDIT_ADD, "1")])
    note = "\nno entries: has an\\x1b ever been posted to?\n"
    for owner, noted in (("an\x1b", True), ("ann", False)):
        done = run(*arguments, "--owner", owner, DATABASE_URL=url)
        assert (done.returncode, done.stderr.endswith(note)) == (0, noted), done.stderr


@pytest.mark.parametrize("arguments", [["verify"], ["export", "--format", "csv"]])
def test_a_database_that_is_not_migrated_is_refused(
    databases: Databases, arguments: list[str]
) -> None:
    done = run(*arguments, DATABASE_URL=databases.empty())
    assert (done.returncode, done.stdout) == (1, "")
    assert "has no ledger of 'sample' yet. Create it: " in done.stderr
    assert "Traceback" not in done.stderr


def test_the_embedded_database_is_verified_and_exported(data_dir: str) -> None:
    with service("sample.service", DATA_DIR=data_dir) as running:
        assert post(running.client, "ann", "1").status_code == 201
        assert running.stop() == 0
    done = run("verify", DATA_DIR=data_dir)
    assert done.returncode == 0 and "1 owner, 1 entry, 0 findings\n" in done.stdout
    done = run("export", "--format", "ndjson", DATA_DIR=data_dir)
    assert done.returncode == 0 and json.loads(done.stdout)["owner_id"] == "ann"


@pytest.mark.parametrize("format_", ["csv", "ndjson"])
def test_the_formats_keep_all_text(url: SecretStr, format_: str) -> None:
    fill(url, [Post(odd, Operation.CREDIT_ADD, odd) for odd in ODD])
    fill(url, [Post(odd, Operation.CREDIT_SPEND, f"{odd} again") for odd in ODD])
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    # In a new interpreter: a fork has the locale of the fork server.
    done = subprocess.run(
        [*command("sample.service"), "export", "--format", format_],
        env=environment(DATABASE_URL=url, **ascii_only),
        capture_output=True,
    )
    assert done.returncode == 0 and done.stderr.startswith(b"exported 12 entries in ")
    text = done.stdout.decode()
    if format_ == "csv":
        rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    else:
        rows = [json.loads(line) for line in text.split("\n")[:-1]]
        assert type(rows[0]["id"]) is type(rows[0]["amount"]) is type(rows[0]["balance"]) is int
    fields = ["id", "owner_id", "operation", "amount", "nonce", "created_on", "balance"]
    assert list(rows[0]) == fields
    assert [
        (row["owner_id"], row["nonce"], str(row["amount"]), str(row["balance"])) for row in rows
    ] == [
        values
        for odd in sorted(ODD)
        for values in ((odd, odd, "10", "10"), (odd, f"{odd} again", "-1", "9"))
    ]
    one = run("export", "--format", format_, "--owner", ODD[0], DATABASE_URL=url)
    assert one.stdout.count("CREDIT_SPEND") == 1


EXPORT = ("sample.service", "export", "--format", "csv")


def test_a_closed_pipe_ends_the_export_quietly(url: SecretStr) -> None:
    execute(url, FILL.format(count=20_000))
    with (
        tempfile.TemporaryFile() as errors,
        closing(
            programs.start(*EXPORT, env=environment(DATABASE_URL=url), stderr=errors)
        ) as program,
    ):
        assert program.stdout and program.stdout.readline().startswith("id,owner_id,")
        program.stdout.close()
        assert program.wait(60) == 1
        errors.seek(0)
        assert errors.read() == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
def test_a_full_disk_is_reported(url: SecretStr) -> None:
    with open("/dev/full", "wb") as full:
        done = programs.run(*EXPORT, env=environment(DATABASE_URL=url), stdout=full)
    assert done.returncode == 1
    assert done.stderr == "sample: Cannot write the output: No space left on device\n"


def test_progress_is_shown_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter([0.0, 5.0, 10.0, 10.0, 15.0, 25.0, 25.0, 30.0])
    with Progress("verified", now=lambda: next(times)) as progress:
        for entries, estimate in ((10, 1_000), (2_000, 3_000), (2_500, 3_000), (4_000, 3_000)):
            progress(entries, estimate)
    assert capsys.readouterr().err.splitlines() == [
        "verified 2,000 of about 3,000 entries",
        "verified 4,000 entries",
        "verified 4,000 entries in 30.0 s",
    ]
