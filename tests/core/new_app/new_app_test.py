"""A new app is written whole or not at all, and its revision is the one of autogenerate."""

import ast
import os
import re
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.new_app import placing
from core.new_app.command import main
from core.new_app.definition import NewApp
from core.new_app.placing import place
from core.new_app.small_workspace import DEPLOYMENT, check_all_are_listed, files
from core.testing.databases import Databases
from core.testing.process_environment import environment
from core.testing.programs import run

# In the sandbox of Pants, it is relative to a folder that is not the current one below.
PATH = [str(Path(root).resolve()) for root in sys.path]


class TestWhatIsWritten:
    def test_an_app_is_all_of_these_files(
        self, workspace: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        before = set(files(workspace))
        main(["gift_card", "PURCHASE=-7", "REFUND=7"])
        [revision] = (workspace / "alembic/gift_card/versions").iterdir()
        assert set(files(workspace)) - before == {
            *(f"src/python/apps/gift_card/{name}" for name in ("BUILD", "ledger.py")),
            *(f"src/python/apps/gift_card/{name}.py" for name in ("operations", "service")),
            *(f"alembic/gift_card/{name}" for name in ("BUILD", "alembic.ini", "env.py")),
            *("alembic/gift_card/script.py.mako", f"alembic/gift_card/versions/{revision.name}"),
            "tests/apps/gift_card/BUILD",
            *(
                f"tests/apps/gift_card/gift_card_{name}_test.py"
                for name in ("documents", "ledger", "migrations", "package")
            ),
            "docs/openapi/gift_card.json",
            "docs/operations/gift_card.json",
        }
        assert not [*workspace.glob(".new-app-*")]
        printed = capsys.readouterr().out
        assert "./pants run src/python/apps/gift_card:service" in printed
        assert "now reads GIFT_CARD_DATABASE_URL" in printed
        check_all_are_listed({*files(workspace)} - before, printed)

    def test_a_name_in_lower_case_is_noted(
        self, workspace: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        main(["shop", "PURCHASE=-7", "refund=7"])
        assert "in upper case, unlike refund. " in capsys.readouterr().err
        main(["kiosk", "PURCHASE=-7"])
        assert capsys.readouterr().err == ""

    def test_the_deployment_gets_the_variable_of_the_app(self, workspace: Path) -> None:
        main(["shop", "PURCHASE=-7"])
        travel = "          TRAVEL_"
        line = "          SHOP_DATABASE_URL: ${{ secrets.SHOP_DATABASE_URL }}\n"
        changed = (workspace / placing.DEPLOYMENT).read_text()
        assert changed == DEPLOYMENT.replace(travel, line + travel)

    @pytest.mark.parametrize("deployment", [None, "jobs:\n"])
    def test_a_deployment_of_another_kind_is_left_to_people(
        self, workspace: Path, capsys: pytest.CaptureFixture[str], deployment: str | None
    ) -> None:
        (workspace / placing.DEPLOYMENT).unlink()
        if deployment is not None:
            (workspace / placing.DEPLOYMENT).write_text(deployment)
        main(["shop", "PURCHASE=-7"])
        assert "Set SHOP_DATABASE_URL where your deployments migrate" in capsys.readouterr().out
        assert files(workspace).get(placing.DEPLOYMENT) == deployment

    def test_alembics_files_are_those_of_the_sample(self, workspace: Path) -> None:
        main(["shop", "PURCHASE=-7"])
        sample = next(Path(root, "sample") for root in PATH if Path(root, "sample").is_dir())
        own, samples = (folder / "script.py.mako" for folder in (Path("alembic/shop"), sample))
        assert own.read_text() == samples.read_text()
        own, samples = (folder / "alembic.ini" for folder in (Path("alembic/shop"), sample))
        root_of_source = ("/../../src/python", "/..")
        assert own.read_text().replace(*root_of_source) == samples.read_text()


def test_the_revision_is_the_one_that_autogenerate_writes(
    workspace: Path, databases: Databases
) -> None:
    main(["shop", "PURCHASE=-7", "REFUND=7"])
    ini = "alembic/shop/alembic.ini"
    # Without the formatters, which would take most of the time: the format is not compared.
    Path(ini).write_text(Path(ini).read_text().partition("[post_write_hooks]")[0])
    [written] = (workspace / "alembic/shop/versions").glob("*.py")
    before = without_identifier(written.name), statements(written.read_text())
    written.unlink()
    url = databases.empty()
    check(
        "alembic",
        "-c",
        ini,
        "revision",
        "--autogenerate",
        "-m",
        "create the ledger",
        DATABASE_URL=url,
    )
    [generated] = (workspace / "alembic/shop/versions").glob("*.py")
    assert before == (without_identifier(generated.name), statements(generated.read_text()))


def test_a_class_of_operations_has_the_same_revision(workspace: Path) -> None:
    main(["shop", "PURCHASE=-7", "REFUND=7"])
    main(["kiosk", "PURCHASE=-7", "REFUND=7", "--class"])
    ini = "alembic/kiosk/alembic.ini"
    check("core.migration_check.migration_check", ini, "apps.kiosk.ledger:LEDGER")
    [shops] = (workspace / "alembic/shop/versions").glob("*.py")
    [kiosks] = (workspace / "alembic/kiosk/versions").glob("*.py")
    assert statements(kiosks.read_text()) == statements(shops.read_text().replace("shop", "kiosk"))


def check(*module: str, **settings: SecretStr) -> None:
    """Runs a Python module, which must succeed."""
    path = os.pathsep.join([str(Path("src/python").resolve()), *PATH])
    done = run(*module, env=environment(PYTHONPATH=path, **settings), merged=True)
    assert done.returncode == 0, done.stdout


def without_identifier(file_name: str) -> str:
    return re.sub(r"_?[0-9a-f]{12}", "", file_name)


def statements(revision: str) -> list[str]:
    """The code of a revision in no order, whatever its format is, without its identifier."""
    lines = revision.splitlines()
    module = ast.parse("\n".join(line for line in lines if not line.startswith("revision =")))
    return sorted(ast.dump(statement) for statement in module.body)


class TestNothingIsWritten:
    @pytest.mark.parametrize(
        "words, problem",
        [
            ("core A=1", "src/python/core exists already: choose another name, or delete it"),
            ("taken A=1", "alembic/taken exists already: choose another name, or delete it"),
            ("sample A=1", "tests/sample exists already"),
            ("packaging A=1", "tests/apps/packaging.py exists already"),
            ("pydantic A=1", "'pydantic' is a package in 3rdparty/python/requirements.txt"),
            ("Shop A=1", "'Shop' is not a valid ledger name"),
            ("gift-card A=1", "'gift-card' is not a valid ledger name"),
            ("public A=1", "avoid the reserved names public and information_schema"),
            ("class A=1", "'class' is not a valid ledger name, because it is a keyword of Python"),
            ("shop A", "'A' is not an operation with its amount: write NAME=AMOUNT"),
            ("shop A=", "'A=' is not an operation with its amount: write NAME=AMOUNT"),
            ("shop A=7.5", "the amount of A must be an integer, such as 7 or -7, not '7.5'"),
            ("shop A=99999999999", "must be an integer from -2147483647 to 2147483647 credits"),
            ("shop A=1 A=2", "A is given twice: remove one of them"),
            ("shop CREDIT_ADD=5", "CREDIT_ADD collides with a shared operation"),
            ("shop CREDIT_ADD=5", "To change its amount for this app, add overrides={...} to its"),
            ("shop name=5", "it defines name, which every operation has already"),
            ("shop if=5", "'if' is not a valid operation name; use an identifier"),
            ("--class shop if=5", "'if' is not a valid operation name; use an identifier"),
            (
                "--class taken A=1",
                "alembic/taken exists already: choose another name, or delete it",
            ),
            (f"--class {'x' * 25} A=1", "characters, and lint allows 100: choose shorter names"),
            (f"{'x' * 25} A=1", "characters, and lint allows 100: choose shorter names"),
        ],
    )
    def test_by_a_mistake(self, workspace: Path, words: str, problem: str) -> None:
        (workspace / "src/python/core").mkdir(parents=True)
        (workspace / "alembic/taken/versions").mkdir(parents=True)
        before = files(workspace)
        with pytest.raises(SystemExit) as raised:
            main(words.split())
        message = str(raised.value)
        assert message.startswith("new-app: ") and message.endswith(". Nothing was written")
        assert problem in message and "\n" not in message
        assert files(workspace) == before

    def test_by_an_interrupted_run(
        self, workspace: Path, shop: NewApp, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = files(workspace)
        left = 0
        rename, write_text = os.rename, Path.write_text

        def count_down() -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise KeyboardInterrupt

        def interrupted_rename(source: Path, target: Path) -> None:
            count_down()
            rename(source, target)
            count_down()

        def interrupted_write(path: Path, text: str) -> int:
            count_down()
            written = write_text(path, text)
            count_down()
            return written

        monkeypatch.setattr(os, "rename", interrupted_rename)
        monkeypatch.setattr(Path, "write_text", interrupted_write)
        interrupted_at = 0
        while True:
            left = interrupted_at = interrupted_at + 1
            try:
                place(shop, workspace, with_own_lock=True)
            except KeyboardInterrupt:
                assert files(workspace) == before, interrupted_at
            else:
                break
        assert interrupted_at > 30 and "SHOP_" in (workspace / placing.DEPLOYMENT).read_text()
        assert (workspace / "3rdparty/python/shop.lock").exists()
