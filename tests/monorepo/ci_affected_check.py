"""What `.ci/affected` selects: what a change affects, or everything, and then it says why."""

import pytest

from core.new_app.definition import new_app
from core.new_app.placing import DEPLOYMENT, place
from monorepo.workspace import Workspace


@pytest.mark.parametrize(
    "name, selects_everything",
    [
        ("README.md", False),
        ("src/python/core/storage/store.py", False),
        ("pants.toml", True),
        ("pants-plugins/prelude.py", True),
        ("mypy.ini", True),
        ("3rdparty/python/pytest.lock", True),
        ("src/python/core/migration_check/migration_check.py", True),
        (".github/workflows/ci.yml", True),
        (".github/workflows/deploy.yml", False),
    ],
)
def test_everything_is_selected_if_pants_cannot_see_what_a_change_affects(
    workspace: Workspace, name: str, selects_everything: bool
) -> None:
    path = workspace.root / name
    path.write_text(path.read_text() + "\n# changed\n")
    printed = workspace.run(".ci/affected", "HEAD").stdout
    if selects_everything:
        reason = f"affected: everything, because {name} changed, which Pants cannot trace\n"
        assert printed == f"{reason}::\n"
    else:
        assert printed.startswith("--changed-since=")


def test_everything_is_selected_if_such_a_file_is_new(workspace: Workspace) -> None:
    workspace.write("scripts/new", "")
    printed = workspace.run(".ci/affected", "HEAD").stdout
    assert printed.startswith("affected: everything, because scripts/new changed")
    assert printed.endswith("::\n")


def test_a_new_app_does_not_select_everything(workspace: Workspace) -> None:
    place(new_app("shop", ["PURCHASE=-7"]), workspace.root)
    assert "SHOP_DATABASE_URL" in (workspace.root / DEPLOYMENT).read_text()
    assert workspace.run(".ci/affected", "HEAD").stdout.startswith("--changed-since=")
