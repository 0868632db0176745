"""`scripts/price-changes` says what a change of docs/operations means for owners."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

FILES = ("scripts/price-changes", "pants-plugins/ledger_operations/operation_documents.py")
MARK = "\n⚠ marks what owners lose: a lower amount, a tighter limit, an operation."
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}

Limit = tuple[int, str | None] | tuple[int, str | None, str]
Units = tuple[int, tuple[int, ...]]
Operation = dict[str, object]


def operation(amount: int, *, units: Units | None = None, limit: Limit | None = None) -> Operation:
    """An operation as docs/operations has it; `units` are the most of them and former amounts."""
    keys = ("count", "per", "timezone")
    return {
        "amount": amount,
        "per_unit": units and {"at_most": units[0], "formerly": list(units[1])},
        "limit": limit and dict(zip(keys, (*limit, "UTC"))),
    }


class Repository:
    """A clone with the script and with apps' operations, which `write` replaces."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.operations = root / "docs/operations"
        self.operations.mkdir(parents=True)
        for name in FILES:
            (root / name).parent.mkdir(parents=True)
            shutil.copy(name, root / name)
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str) -> None:
        author = ("-c", "user.name=copy", "-c", "user.email=copy@localhost")
        subprocess.run(["git", *author, *words], cwd=self.root, check=True)

    def write(self, apps: Mapping[str, Mapping[str, Operation]]) -> None:
        for path in self.operations.iterdir():
            path.unlink()
        (self.operations / "BUILD").write_text("files()\n")
        for app, operations in apps.items():
            described = [{"operation": name, **each} for name, each in operations.items()]
            text = json.dumps({"ledger": app, "operations": described})
            (self.operations / f"{app}.json").write_text(text)

    def commit(self) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "a change")

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, self.root / "scripts/price-changes", *arguments],
            env={"PATH": os.environ.get("PATH", os.defpath), **ASCII},
            cwd="/",
            capture_output=True,
            encoding="utf-8",
        )

    def changes(self, base: str = "main") -> str:
        done = self.run(base)
        assert (done.returncode, done.stderr) == (0, "")
        heading, changes = done.stdout.split("\n\n", 1)
        assert heading == "### What changes for owners"
        return changes.removesuffix("\n")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def test_each_app_that_changes_has_the_line_that_docs_apps_shows(repository: Repository) -> None:
    coupon = operation(20, limit=(3, "month"))
    content = {"CONTENT_CREATION": operation(-5), "CREDIT_ADD": operation(10)}
    travel = {"BOOKING": operation(5)}
    chat = {"MESSAGE": operation(-2), "COUPON": coupon}
    repository.write({"content": content, "travel": travel, "chat": chat})
    repository.commit()
    repository.git("checkout", "-q", "-b", "branch")
    content = {**content, "CONTENT_CREATION": operation(-6)}
    chat = {**chat, "COUPON": operation(20, limit=(2, "month")), "GIFT": operation(2)}
    repository.write({"content": content, "travel": travel, "chat": chat})
    uncommitted = repository.changes()
    shown = re.findall(r"^- \*\*.*", Path("docs/apps.md").read_text(), re.MULTILINE)
    lines = uncommitted.splitlines()
    assert lines[:2] == shown, "docs/apps.md must show:\n" + "\n".join(lines[:2])
    assert lines[2:] == MARK.splitlines()
    repository.commit()
    assert repository.changes() == uncommitted


def test_what_the_base_has_changed_meanwhile_is_not_a_change(repository: Repository) -> None:
    repository.write({"shop": {"SALE": operation(-1)}})
    repository.commit()
    repository.git("checkout", "-q", "-b", "branch")
    repository.commit()
    repository.git("checkout", "-q", "main")
    repository.write({"shop": {"SALE": operation(-9)}})
    repository.commit()
    repository.git("checkout", "-q", "branch")
    assert repository.changes() == "No operation, amount or limit changes."


def test_apps_come_and_go(repository: Repository) -> None:
    repository.write({"old": {"SALE": operation(-1)}})
    repository.commit()
    limited = operation(20, limit=(3, None))
    new = {"SALE": operation(-1_000, units=(50, ())), "GIFT": limited}
    repository.write({"new": new})
    assert repository.changes().splitlines() == [
        "- **new**: a new app; + SALE −1,000 a unit, at most 50 units; + GIFT 20, at most 3 ever",
        "- **old**: ⚠ the app is removed",
        *MARK.splitlines(),
    ]


Case = tuple[Operation | None, Operation | None, str | None]

AMOUNTS: list[Case] = [
    (operation(-5), operation(-4), "X −5 → −4"),
    (operation(5), operation(4), "⚠ X 5 → 4"),
    (operation(5), operation(5), None),
    (operation(5), None, "⚠ − X 5"),
    (None, operation(0), "+ X 0"),
    (operation(-2), operation(-1, units=(10, ())), "⚠ X −2 → −1 a unit, at most 10 units"),
    (operation(-1, units=(10, ())), operation(-2), "⚠ X −1 a unit, at most 10 units → −2"),
    (operation(-2, units=(9, ())), operation(-1, units=(9, (-2,))), "X −2 → −1 a unit"),
    (operation(-1, units=(9, ())), operation(-2, units=(9, (-1,))), "⚠ X −1 → −2 a unit"),
    (
        operation(-2, units=(9, (-3,))),
        operation(-1, units=(9, (-2,))),
        "X −2 → −1 a unit; ⚠ X lacks −3 in `formerly`: retries of earlier posts are refused",
    ),
    (
        operation(-2, units=(9, ())),
        operation(-1, units=(9, ())),
        "X −2 → −1 a unit; ⚠ X lacks −2 in `formerly`: retries of earlier posts are refused",
    ),
    (operation(-1, units=(9, ())), operation(-1, units=(8, ())), "⚠ X at most 9 → 8 units"),
    (operation(-1, units=(8, ())), operation(-1, units=(9, ())), "X at most 8 → 9 units"),
]
LIMITS: list[tuple[Limit | None, Limit | None, str]] = [
    (None, (3, "hour"), "⚠ X no limit → at most 3 an hour"),
    ((3, "hour"), None, "X at most 3 an hour → no limit"),
    ((3, "day"), (2, "day"), "⚠ X at most 3 → 2 a day"),
    ((2, "day"), (3, "day"), "X at most 2 → 3 a day"),
    ((1, None), (2, None), "X at most 1 → 2 ever"),
    ((3, "day"), (3, "week"), "⚠ X at most 3 a day → at most 3 a week"),
    ((3, "week"), (3, "day"), "X at most 3 a week → at most 3 a day"),
    ((3, "week"), (2, "day"), "⚠ X at most 3 a week → at most 2 a day"),
    ((1, "month"), (9, None), "⚠ X at most 1 a month → at most 9 ever"),
    (
        (2, "day"),
        (2, "day", "Europe/Berlin"),
        "X at most 2 a day → at most 2 a day (Europe/Berlin)",
    ),
]
CASES: list[Case] = [
    *AMOUNTS,
    *((operation(1, limit=old), operation(1, limit=new), line) for old, new, line in LIMITS),
]


def apps(operations: Iterable[Operation | None]) -> dict[str, dict[str, Operation]]:
    """One app for each operation X. Another operation of the app does not change."""
    other = {"OTHER": operation(1)}
    return {
        f"shop{number}": other if each is None else {"X": each, **other}
        for number, each in enumerate(operations)
    }


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The lines of a change in which each case is an app."""
    repository = Repository(tmp_path_factory.mktemp("cases"))
    repository.write(apps(old for old, _, _ in CASES))
    repository.commit()
    repository.write(apps(new for _, new, _ in CASES))
    return repository.changes().splitlines()


@pytest.mark.parametrize("number", range(len(CASES)), ids=lambda n: CASES[n][2] or "no change")
def test_what_owners_lose_by_is_marked(shown: list[str], number: int) -> None:
    app = f"- **shop{number}**: "
    lines = [line.removeprefix(app) for line in shown if line.startswith(app)]
    expected = CASES[number][2]
    assert lines == ([] if expected is None else [expected])


@pytest.mark.parametrize("amount, explained", [(4, True), (6, False)])
def test_the_mark_is_explained_if_there_is_one(
    repository: Repository, amount: int, explained: bool
) -> None:
    repository.write({"shop": {"X": operation(5)}})
    repository.commit()
    repository.write({"shop": {"X": operation(amount)}})
    assert (MARK in repository.changes()) == explained


def test_mistakes_are_explained(repository: Repository) -> None:
    repository.write({"shop": {"X": operation(1)}})
    repository.commit()
    (repository.operations / "shop.json").write_text("<<<<<<<")
    for arguments, problem in (
        (["main"], "shop.json is malformed: write it with ./pants run src/python/apps/shop:serv"),
        (["nowhere"], "git merge-base nowhere HEAD has failed: correct the base, or fetch it"),
        ([], "price-changes: give one base, for example scripts/price-changes origin/main"),
    ):
        done = repository.run(*arguments)
        assert done.returncode == 1 and problem in done.stderr
        assert "Traceback" not in done.stderr and done.stdout == ""
