"""Follows the README's instructions for adding an app; its tests must then pass."""

import re

from monorepo.workspace import Workspace


def test_the_instructions_for_adding_an_app_work_as_written(workspace_copy: Workspace) -> None:
    readme = (workspace_copy.root / "README.md").read_text()
    files = re.findall(r"```python\n# (\S+)\n(.*?)```", readme, re.DOTALL)
    assert len(files) == 5
    for name, text in files:
        workspace_copy.write(name, text)
    [script] = re.findall(r"```sh\n(.*?)```", readme, re.DOTALL)
    *steps, serve = script.strip().splitlines()
    assert serve == "./pants run src/python/apps/shop:service"
    for step in steps:
        # To save time, only the new app's tests are run.
        step = step.replace(
            "test ::", "test src/python/apps/shop:: alembic/shop:: tests/apps/shop::"
        )
        result = workspace_copy.run("bash", "-c", step)
        assert result.returncode == 0, f"{step}\n{result.stdout}"
    [migration] = (workspace_copy.root / "alembic/shop/versions").glob("*_create_the_ledger.py")
    assert "PURCHASE" in migration.read_text()
