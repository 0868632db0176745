"""An app that was renamed in code: its ledger is found under the former name, and renamed."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.storage.connections import connect
from core.testing import programs
from core.testing.databases import Databases, execute
from core.testing.process_environment import environment, in_clear
from core.testing.service_process import service
from migrations.copied_sample import ini_of


@pytest.fixture
def voyage(tmp_path: Path) -> Path:
    """A folder with the app `voyage`, which was named `sample`."""
    original = ini_of("sample").parent
    for source in (*original.glob("**/*.py"), *original.glob("*.ini"), *original.glob("*.mako")):
        copy = tmp_path / "voyage" / source.relative_to(original)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(source.read_text().replace("sample", "voyage"))
    return tmp_path


def run(
    folder: Path, app: str, *arguments: str, **settings: str | SecretStr
) -> "subprocess.CompletedProcess[str]":
    env = variables(folder, settings)
    return programs.run(f"{app}.service", *arguments, env=env, merged=True)


def variables(folder: Path, settings: Mapping[str, str | SecretStr]) -> dict[str, str]:
    path = ":".join([str(folder), *sys.path])
    return environment() | {"PYTHONPATH": path} | in_clear(settings)


def test_a_renamed_app_does_not_begin_an_empty_ledger(databases: Databases, voyage: Path) -> None:
    url = databases.migrated("sample")
    insert = "INSERT INTO sample.ledger_balance VALUES ('ann', 10)"
    execute(url, insert)
    refused = run(voyage, "voyage", "--port", "0", DATABASE_URL=url)
    assert refused.returncode == 1
    refused = run(voyage, "voyage", "migrate", DATABASE_URL=url)
    assert refused.returncode == 1
    assert "voyage: The database has no ledger 'voyage', but a ledger 'sample'" in refused.stdout
    assert refused.stdout.endswith("apps/voyage:service -- rename-from sample\n")
    assert execute(url, "SELECT to_regnamespace('voyage')") == [(None,)]

    assert run(voyage, "voyage", "rename-from", "sample", DATABASE_URL=url).returncode == 0
    migrated = run(voyage, "voyage", "migrate", DATABASE_URL=url)
    assert migrated.returncode == 0, migrated.stdout
    assert execute(url, "SELECT owner_id, balance FROM voyage.ledger_balance") == [("ann", 10)]
    assert execute(url, "SELECT to_regnamespace('sample')") == [(None,)]
    again = run(voyage, "voyage", "rename-from", "sample", DATABASE_URL=url)
    assert "The database has a ledger 'voyage' already" in again.stdout


def test_the_embedded_database_is_found_under_the_former_name(voyage: Path, data_dir: str) -> None:
    data = {"DATA_DIR": data_dir}
    post = {"owner_id": "ann", "operation": "CREDIT_ADD", "nonce": "1"}
    with service("sample.service", **data) as running:
        assert running.client.post("/ledger", json=post).status_code == 201
    for arguments in (["--port", "0"], ["migrate"]):
        refused = run(voyage, "voyage", *arguments, **data)
        assert refused.returncode == 1
        assert "data/sample has a ledger with the same revisions" in refused.stdout
    renamed = run(voyage, "voyage", "rename-from", "sample", **data)
    assert renamed.returncode == 0, renamed.stdout
    assert not Path(data_dir, "sample").exists()
    with service("voyage.service", **variables(voyage, data)) as running:
        assert running.client.get("/ledger/ann").json() == {"owner_id": "ann", "balance": 10}


def test_only_a_ledger_with_the_same_revisions_can_be_renamed(
    databases: Databases, voyage: Path
) -> None:
    url = databases.migrated("sample")
    execute(url, "UPDATE sample.alembic_version_sample SET version_num = 'another app'")
    done = run(voyage, "voyage", "rename-from", "sample", DATABASE_URL=url)
    assert done.returncode == 1
    assert "has no ledger 'sample' with revisions of 'voyage'" in done.stdout
    assert run(voyage, "voyage", "migrate", DATABASE_URL=url).returncode == 0


def test_a_rename_that_waits_for_too_long_names_the_setting(
    databases: Databases, voyage: Path
) -> None:
    url = databases.migrated("sample")
    engine = connect(url)
    with engine.connect() as other:
        other.exec_driver_sql("LOCK TABLE sample.alembic_version_sample IN ACCESS SHARE MODE")
        done = run(
            voyage,
            "voyage",
            "rename-from",
            "sample",
            DATABASE_URL=url,
            VOYAGE_MIGRATION_LOCK_TIMEOUT="0.1",
        )
    engine.dispose()
    assert done.returncode == 1
    assert "locked what this command changes" in done.stdout
    assert done.stdout.endswith("or raise VOYAGE_MIGRATION_LOCK_TIMEOUT\n")
