"""The commands `balance`, `history` and `post`, on a database and on a service."""

import json
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pydantic import SecretStr

from core.cli.main import program_of
from core.client.faulty_proxy import Fault, faulty_proxy
from core.keys.api_keys import new_key
from core.settings.groups import DatabaseSettings, ServiceSettings
from core.testing.databases import Databases, execute
from core.testing.process_environment import environment
from core.testing.programs import start
from core.testing.threaded_service import served
from sample.ledger import LEDGER
from sample.limited_ledger import LIMITED_LEDGER
from sample.operations import SampleOperation

# An address at which nothing listens.
NOTHING = "http://127.0.0.1:1"

FILL = """
INSERT INTO sample.ledger_balance VALUES ('many', 450);
INSERT INTO sample.ledger_entry (operation, amount, nonce, owner_id)
SELECT 'DAILY_REWARD', 1, 'nonce ' || n, 'many' FROM generate_series(1, 450) AS n
"""


@pytest.fixture(scope="module")
def database(databases: Databases) -> SecretStr:
    """The database of the tests of this module, which use owners of their own."""
    return databases.migrated("sample")


@pytest.fixture(scope="module")
def address(database: SecretStr) -> Iterator[str]:
    with served(LIMITED_LEDGER, DatabaseSettings(database_url=database)) as running:
        yield str(running.base_url)


@pytest.fixture(params=["database", "service"])
def where(
    request: pytest.FixtureRequest, database: SecretStr, monkeypatch: pytest.MonkeyPatch
) -> str:
    """Where the commands find the ledger. It is a part of owners' names."""
    if request.param == "database":
        monkeypatch.setenv("SAMPLE_DATABASE_URL", database.get_secret_value())
    else:
        monkeypatch.setenv("SAMPLE_LEDGER_URL", request.getfixturevalue("address"))
    return str(request.param)


def run(*arguments: str) -> Result:
    done = CliRunner().invoke(program_of(LIMITED_LEDGER), arguments)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def test_a_post_is_seen_in_the_balance_and_in_the_history(where: str) -> None:
    owner = f"ann/{where} ?"
    posted = run("post", owner, "CREDIT_ADD", "--nonce", "order 1")
    assert posted.exit_code == 0, posted.output
    first, *others = posted.stdout.splitlines()
    assert re.fullmatch(r"posted: CREDIT_ADD, 10 credits, entry \d+", first)
    assert others == ["nonce:   order 1", "balance: 10 credits"]
    spent = run("post", owner, "CREDIT_SPEND", "--quantity", "2", "--nonce", "two\x1b[2J", "--json")
    entry = json.loads(spent.stdout)
    assert (entry["amount"], entry["balance"], entry["already_posted"]) == (-4, 6, False)

    assert run("balance", owner).stdout == "6 credits\n"
    assert json.loads(run("balance", owner, "--json").stdout) == {"owner_id": owner, "balance": 6}
    head, *rows = run("history", owner).stdout.splitlines()
    assert head == "time (UTC)           operation     amount  balance  nonce"
    assert [row[21:] for row in rows] == [
        r"CREDIT_SPEND      -4        6  two\x1b[2J",
        "CREDIT_ADD        10       10  order 1",
    ]
    del entry["already_posted"]
    lines = run("history", owner, "--json", "--operation", "CREDIT_SPEND").stdout.splitlines()
    assert list(map(json.loads, lines)) == [entry]


def test_a_post_without_a_nonce_prints_one_that_can_be_posted_again(where: str) -> None:
    owner = f"bob {where}"
    nonce = json.loads(run("post", owner, "CREDIT_ADD", "--json").stdout)["nonce"]
    again = run("post", owner, "CREDIT_ADD", "--nonce", nonce)
    assert again.exit_code == 0 and again.stdout.startswith("already posted: CREDIT_ADD, 10 ")
    assert run("balance", owner).stdout == "10 credits\n"
    reused = run("post", owner, "CREDIT_SPEND", "--nonce", nonce)
    assert (reused.exit_code, reused.stdout) == (1, "")
    assert "with another operation (CREDIT_ADD); use a new nonce" in reused.stderr


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["CREDIT_SPEND"], "Insufficient balance: the operation takes 2 credits, but the owner"),
        (
            ["CREDIT_SPEND", "--quantity", "1001"],
            "Invalid request: --quantity: the quantity must be an integer from 1 to 1000\n",
        ),
        (
            ["CREDIT_ADD", "--quantity", "2"],
            "Invalid request: --quantity: CREDIT_ADD has a fixed amount, so it takes no quantity: "
            "leave the quantity out\n",
        ),
    ],
)
def test_a_refusal_is_one_sentence(where: str, arguments: list[str], message: str) -> None:
    done = run("post", f"cid {where}", *arguments)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"sample: {message}")
    assert done.stderr.count("\n") == 1


def test_an_owner_without_entries_may_be_misspelled(where: str) -> None:
    note = "no entries: has alise ever been posted to?\n"
    for command in ("balance", "history"):
        done = run(command, "alise")
        assert (done.exit_code, done.stderr) == (0, note)
        assert run(command, "alise", "--json").stderr == ""
    owner = f"spent {where}"
    for operation in ("CREDIT_ADD", *["CREDIT_SPEND"] * 5):
        assert run("post", owner, operation).exit_code == 0
    done = run("balance", owner)
    assert (done.stdout, done.stderr) == ("0 credits\n", "")
    assert run("history", owner, "--since", "2999-01-01T00:00:00Z").stderr == ""


def test_a_url_that_ends_in_ledger_is_recognized(address: str) -> None:
    done = run("balance", "ann", "--url", f"{address}/ledger")
    assert done.exit_code == 1 and "the URL of the service ends before /ledger" in done.stderr


def test_https_on_a_port_without_tls_is_tried_once(address: str) -> None:
    done = run("balance", "ann", "--url", address.replace("http:", "https:"))
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.endswith("; does the service speak http:// rather than https://?\n")


def test_a_long_history_is_read_page_by_page(where: str, database: SecretStr) -> None:
    execute(database, FILL.replace("'many'", f"'many {where}'"))
    owner = f"many {where}"
    nonces = [
        json.loads(line)["nonce"]
        for line in run("history", owner, "--json").stdout.split("\n")[:-1]
    ]
    assert nonces == [f"nonce {n}" for n in range(450, 0, -1)]
    assert len(run("history", owner, "--limit", "201").stdout.splitlines()) == 1 + 201
    after = run("history", owner, "--since", "2999-01-01T00:00:00Z")
    assert after.exit_code == 0 and len(after.stdout.splitlines()) == 1
    before = run("history", owner, "--until", "2999-01-01T00:00:00Z", "--limit", "2")
    assert len(before.stdout.splitlines()) == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ["post", "ann", "CREDIT_AD"],
        ["post", "ann", "CREDIT_ADD", "--nonce", ""],
        ["post", "ann", "CREDIT_SPEND", "--quantity", "0"],
        ["history", "ann", "--since", "yesterday"],
        ["history", "ann", "--limit", "0"],
        ["balance", ".."],
        ["balance"],
    ],
)
def test_wrong_usage_exits_with_2(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.exit_code == 2 and done.stderr.startswith("Usage: ")


def test_what_does_not_answer_exits_with_3(monkeypatch: pytest.MonkeyPatch) -> None:
    service = run("post", "ann", "CREDIT_ADD", "--nonce", "n 1", "--url", NOTHING, "--timeout", "1")
    assert (service.exit_code, service.stdout) == (3, "")
    assert f"sample: No answer from {NOTHING}: " in service.stderr
    assert "; nothing was posted; is the service running, and is this its" in service.stderr
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    database = run("balance", "ann")
    assert (database.exit_code, database.stdout) == (3, "")
    assert database.stderr.startswith("sample: ")


def test_a_post_that_may_have_been_written_says_how_to_post_it_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts connections, never answers
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        done = run("post", "ann", "CREDIT_ADD", "--nonce", "n 1", "--url", url, "--timeout", "0.3")
    assert (done.exit_code, done.stdout) == (3, "")
    assert done.stderr.endswith("whether it was posted is unknown: post again with --nonce 'n 1'\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_post_that_a_signal_interrupts_says_so_too(tmp_path: Path, number: int) -> None:
    errors = tmp_path / "errors"
    with socket.create_server(("127.0.0.1", 0)) as silent, errors.open("w") as stderr:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        arguments = ("post", "ann", "CREDIT_ADD", "--url", url)
        program = start("sample.service", *arguments, env=environment(), stderr=stderr)
        with closing(program), silent.accept()[0] as connection:
            connection.recv(1)  # the request is sent
            program.send_signal(number)
            assert program.wait(60) == 1
    message = (
        r"sample: Interrupted; whether it was posted is unknown: post again with --nonce \S+\n"
    )
    assert re.fullmatch(message, errors.read_text())


def test_a_refusal_after_a_lost_try_is_not_final(address: str) -> None:
    faults = iter([Fault.LOSE_REQUEST])
    with faulty_proxy(address, lambda: next(faults, Fault.NONE)) as proxy:
        done = run("post", "fay", "CREDIT_SPEND", "--nonce", "n 1", "--url", proxy.url)
    assert (done.exit_code, done.stdout) == (3, "")
    assert done.stderr.startswith("sample: Insufficient balance: ")
    assert done.stderr.endswith("or may still be: post again with --nonce 'n 1'\n")


def test_the_key_comes_from_a_file_or_the_environment(
    database: SecretStr, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, line = new_key("reader", ["read"], None, [each.value for each in SampleOperation])
    file = tmp_path / "key"
    file.write_text(f"{key}\n")
    keyed = ServiceSettings(api_keys=SecretStr(line))
    with served(LEDGER, DatabaseSettings(database_url=database), keyed) as running:
        monkeypatch.setenv("LEDGER_URL", str(running.base_url))
        assert run("balance", "dan").exit_code == 1
        assert run("balance", "dan", "--api-key-file", str(file)).stdout == "0 credits\n"
        monkeypatch.setenv("API_KEY", key)
        assert run("balance", "dan").stdout == "0 credits\n"
        refused = run("post", "dan", "CREDIT_ADD")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert key not in refused.stderr


def test_the_database_needs_no_key(database: SecretStr, monkeypatch: pytest.MonkeyPatch) -> None:
    _, line = new_key("reader", ["read"], None, [each.value for each in SampleOperation])
    monkeypatch.setenv("DATABASE_URL", database.get_secret_value())
    monkeypatch.setenv("API_KEYS", line)
    monkeypatch.setenv("ROOT_PATH", "/prefix")
    assert run("post", "eve", "CREDIT_ADD").exit_code == 0
