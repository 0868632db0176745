"""The README's new app, added the way the README says: its tests must then pass."""

import re
from collections.abc import Iterator

import pytest

from monorepo.workspace import Workspace


@pytest.fixture
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    copy = Workspace(tmp_path_factory.mktemp("workspace"))
    yield copy
    copy.close()


def test_the_readmes_app_works_as_written(workspace: Workspace) -> None:
    readme = (workspace.root / "README.md").read_text()
    files = re.findall(r"```python\n# (\S+)\n(.*?)```", readme, re.DOTALL)
    assert len(files) == 5
    for name, text in files:
        workspace.write(name, text)
    [script] = re.findall(r"```sh\n(.*?)```", readme, re.DOTALL)
    *steps, serve = script.strip().splitlines()
    assert serve == "./pants run src/python/apps/shop:service"
    for step in steps:
        # The other apps' tests are not what is tested here.
        step = step.replace(
            "test ::", "test src/python/apps/shop:: alembic/shop:: tests/apps/shop::"
        )
        done = workspace.run("bash", "-c", step)
        assert done.returncode == 0, f"{step}\n{done.stdout}"
    [migration] = (workspace.root / "alembic/shop/versions").glob("*_create_the_ledger.py")
    assert "PURCHASE" in migration.read_text()
