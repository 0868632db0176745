"""An app whose name is a keyword of SQL works like any other."""

import os
import sys
from importlib import import_module
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.migration_check.app_migrations import Migrations
from core.migration_check.invariants import first_problems
from core.service.sample_requests import post, post_batch
from core.testing.databases import Databases, execute
from core.testing.process_environment import environment
from core.testing.programs import run
from core.testing.service_process import service
from migrations.copied_sample import ini_of

LEDGER = """
from core.ledgers.ledger import Ledger
from core.ledgers.operations import BaseLedgerOperation, extend_enum

Operation = extend_enum(BaseLedgerOperation, "Operation", {{"SALE": "SALE"}})
LEDGER = Ledger(name="{name}", operations=Operation, amounts={{Operation.SALE: -2}})
"""

SERVICE = """
from core.cli.main import main
from declared_{name} import LEDGER

main(LEDGER)
"""

ENV = """
from core.migrations.alembic_environment import run_env
from declared_{name} import LEDGER

run_env(LEDGER)
"""


class App:
    """A new app, whose files are in `root`."""

    def __init__(self, root: Path, name: str, url: SecretStr) -> None:
        migrations = root / name
        (migrations / "versions").mkdir(parents=True)
        (root / f"declared_{name}.py").write_text(LEDGER.format(name=name))
        (root / "served.py").write_text(SERVICE.format(name=name))
        (migrations / "env.py").write_text(ENV.format(name=name))
        sample = ini_of("sample")
        template = "script.py.mako"
        (migrations / template).write_text(sample.with_name(template).read_text())
        ini = migrations / sample.name
        # Without the formatters, which would take most of the time.
        ini.write_text(sample.read_text().partition("[post_write_hooks]")[0])
        self.ini = str(ini)
        self.settings = {
            "PYTHONPATH": os.pathsep.join([str(root), *sys.path]),
            "DATABASE_URL": url.get_secret_value(),
        }

    def migrate(self, *arguments: str) -> None:
        done = run("served", "migrate", *arguments, env=environment(**self.settings), merged=True)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["order", "user"])
def test_an_app_named_like_a_keyword_of_sql_works(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    url = databases.empty()
    app = App(tmp_path, name, url)
    app.migrate("revision", "--autogenerate", "-m", "create the ledger")
    app.migrate()
    monkeypatch.syspath_prepend(tmp_path)
    ledger = import_module(f"declared_{name}").LEDGER
    assert not first_problems(Migrations(ledger, databases.server, app.ini))
    with service("served", **app.settings) as running:
        client = running.client
        assert client.get("/readyz").json() == {"status": "ready"}
        assert post(client, "ann", "1", "CREDIT_ADD").status_code == 201
        assert post(client, "ann", "1", "CREDIT_ADD").json()["code"] == "duplicate_nonce"
        assert post(client, "bob", "1", "SALE").json()["code"] == "insufficient_balance"
        entries = [
            {"owner_id": owner, "operation": operation, "nonce": f"{owner} {operation}"}
            for owner in ("ann", "bob")
            for operation in ("CREDIT_ADD", "SALE")
        ]
        assert post_batch(client, entries).status_code == 201
        assert post_batch(client, entries, atomic=False).json()["outcomes"][3]["status"] == 409
        balances = [client.get(f"/ledger/{owner}").json()["balance"] for owner in ("ann", "bob")]
        assert balances == [18, 8]
    assert execute(url, f'SELECT count(*) FROM "{name}".ledger_entry') == [(5,)]
