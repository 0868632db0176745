"""The command `describe` shows what the ledger declares."""

import json

import pytest
from click.testing import CliRunner

from core.cli.main import program_of
from sample.limited_ledger import LIMITED_LEDGER


@pytest.fixture(autouse=True)
def no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")


def test_the_table_has_amounts_units_and_limits() -> None:
    done = CliRunner().invoke(program_of(LIMITED_LEDGER), ["describe"])
    assert done.exit_code == 0, done.output
    units = "per unit, at most 1,000 units, formerly -1, -3"
    assert done.stdout.splitlines() == [
        f"operation       amount  {'limit':>53}",
        f"DAILY_REWARD         1  {'':46}  1 per day, Europe/Berlin",
        f"SIGNUP_CREDIT        3  {'':46}  1 ever",
        f"CREDIT_SPEND        -2  {units}",
        "CREDIT_ADD          10",
        f"BOOKING_REWARD       5  {'':46}  3 per week, America/New_York",
    ]


def test_json_has_the_same() -> None:
    done = CliRunner().invoke(program_of(LIMITED_LEDGER), ["describe", "--json"])
    described = json.loads(done.stdout)
    assert (described["ledger"], described["version"]) == ("sample", "1.0.0")
    by_name = {each.pop("operation"): each for each in described["operations"]}
    assert list(by_name) == [operation.value for operation in LIMITED_LEDGER.operations]
    assert by_name["CREDIT_ADD"] == {"amount": 10, "per_unit": None, "limit": None}
    units = {"at_most": 1000, "formerly": [-1, -3]}
    assert by_name["CREDIT_SPEND"] == {"amount": -2, "per_unit": units, "limit": None}
    weekly = {"count": 3, "per": "week", "timezone": "America/New_York"}
    assert by_name["BOOKING_REWARD"] == {"amount": 5, "per_unit": None, "limit": weekly}
