"""mypy's cache of the libraries, because checking them takes longer than any test."""

from pathlib import Path

import mypy.api
import pytest

from type_checking.typing_cases import write_config


@pytest.fixture(scope="session")
def library_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """mypy's cache of the modules that ledgers import; to be copied, not changed."""
    folder = tmp_path_factory.mktemp("libraries")
    write_config(folder)
    (folder / "app.py").write_text("import core.ledgers.ledger\nimport core.ledgers.operations\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        output, crash, status = mypy.api.run(["app.py"])
    assert (crash, status) == ("", 0), output
    return folder / ".cache"
