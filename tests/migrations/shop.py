"""An app whose migrations Alembic writes, one revision after another."""

from pathlib import Path

from alembic import config
from pydantic import SecretStr

from migrations.copied_sample import ini_of
from migrations.in_process import run

ENV = """
from core.migrations.alembic_environment import run_env
from core.ledgers.ledger import Ledger
from core.ledgers.operations import BaseLedgerOperation, extend_enum

Operation = extend_enum(BaseLedgerOperation, "Operation", {EXTRA})
amounts = {operation: 1 for operation in Operation if operation.name.startswith("SHOP")}
run_env(Ledger(name="{NAME}", operations=Operation, amounts=amounts))
"""
HOOKS = "[post_write_hooks]"


class Shop:
    """An app whose migrations are in a folder outside of the workspace.

    Its revisions are formatted only if `formatted`, because formatting one starts two programs.
    """

    def __init__(
        self, folder: Path, url: SecretStr, name: str = "shop", *, formatted: bool = False
    ) -> None:
        self.folder = folder
        self.url = url
        self.name = name
        (folder / "versions").mkdir()
        ini = ini_of("sample")  # copied from another app, as a developer would
        template = ini.with_name("script.py.mako")
        (folder / template.name).write_text(template.read_text())
        settings, hooks, formatting = ini.read_text().partition(HOOKS)
        assert formatting
        (folder / ini.name).write_text(settings + (hooks + formatting if formatted else ""))

    def copy(self, folder: Path, url: SecretStr) -> "Shop":
        """Copies the app to another folder, for a copy of its database."""
        copy = Shop(folder, url, self.name)
        for file in (self.folder / "env.py", *self.folder.glob("versions/*.py")):
            (folder / file.relative_to(self.folder)).write_text(file.read_text())
        return copy

    def set_operations(self, *values: str) -> None:
        extra = repr({f"SHOP_{number}": value for number, value in enumerate(values)})
        (self.folder / "env.py").write_text(
            ENV.replace("{EXTRA}", extra).replace("{NAME}", self.name)
        )

    def alembic(self, *arguments: str) -> str:
        ini = str(self.folder / "alembic.ini")
        code, output = run(lambda: config.main(["-c", ini, *arguments]), DATABASE_URL=self.url)
        assert code == 0, output
        return output

    def revision(self, message: str, *, up_only: bool = False) -> str:
        """Writes a revision and runs it up, or up, down and up again; returns its text."""
        before = set(self.folder.glob("versions/*.py"))
        self.alembic("revision", "--autogenerate", "-m", message)
        [new] = set(self.folder.glob("versions/*.py")) - before
        steps = [["upgrade", "head"], ["downgrade", "-1"], ["upgrade", "head"], ["check"]]
        for step in steps[:1] if up_only else steps:
            self.alembic(*step)
        return new.read_text()
