"""The command `documents` writes what is committed for an app; the conformance test compares it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from core.cli.main import program_of
from core.ledgers.errors import ConfigurationError
from core.testing.documents_conformance import DocumentsConformance
from sample.ledger import LEDGER
from sample.limited_ledger import LIMITED_LEDGER

OPERATIONS = Path("docs/operations/sample.json")


class Documents(DocumentsConformance):
    ledger = LEDGER


class LimitedDocuments(DocumentsConformance):
    ledger = LIMITED_LEDGER


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    # The command needs no database, not even one that works.
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    for kind in ("openapi", "operations"):
        Path("docs", kind).mkdir(parents=True)
    return tmp_path


def written() -> list[str]:
    done = CliRunner().invoke(program_of(LEDGER), ["documents"])
    assert done.exit_code == 0, done.output
    return done.stdout.splitlines()


def test_documents_are_written_once(clone: Path) -> None:
    paths = ["docs/openapi/sample.json", "docs/operations/sample.json"]
    assert written() == [f"{path} is written" for path in paths]
    Documents().test_the_committed_documents_are_current()
    assert written() == [f"{path} is current" for path in paths]


def test_the_operations_are_described_without_the_version(clone: Path) -> None:
    written()
    document = json.loads(OPERATIONS.read_text())
    assert document.keys() == {"ledger", "operations"}
    shown = CliRunner().invoke(program_of(LEDGER), ["describe", "--json"]).stdout
    assert document == {k: v for k, v in json.loads(shown).items() if k != "version"}


def test_a_document_that_is_not_current_fails_the_test_of_the_app(clone: Path) -> None:
    written()
    with pytest.raises(AssertionError, match="sample:service -- documents"):
        LimitedDocuments().test_the_committed_documents_are_current()
    OPERATIONS.unlink()
    with pytest.raises(AssertionError, match=f"{OPERATIONS} is not current"):
        Documents().test_the_committed_documents_are_current()


def test_outside_a_clone_nothing_is_written(clone: Path) -> None:
    OPERATIONS.parent.rmdir()
    done = CliRunner().invoke(program_of(LEDGER), ["documents"])
    assert isinstance(done.exception, ConfigurationError)
    assert "folder docs/operations does not exist here: run this command in the root" in str(
        done.exception
    )
    assert [path for path in clone.rglob("*") if path.is_file()] == []
