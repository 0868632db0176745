"""A workspace into which tests write apps."""

from pathlib import Path

import pytest

from core.new_app import placing
from core.new_app.definition import NewApp, new_app
from core.new_app.own_lock import PRELUDE, SETTINGS
from core.new_app.small_workspace import DEPLOYMENT, LOCK


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace without apps, as far as new-app looks at it, and the current folder."""
    for name, text in (
        (placing.DEPLOYMENT, DEPLOYMENT),
        (placing.REQUIREMENTS, "alembic\npydantic>=2\n"),
        ("3rdparty/python/default.lock", LOCK),
        (PRELUDE, "A = 1\nOWN_LOCK = ()\nB = 2\n"),
        (SETTINGS, 'default = "3rdparty/python/default.lock"\npytest = "pytest.lock"\n'),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "tests/sample").mkdir(parents=True)
    (tmp_path / "tests/apps").mkdir()
    (tmp_path / "tests/apps/packaging.py").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def shop() -> NewApp:
    """An app to place. Writing its OpenAPI document takes longer than placing it."""
    return new_app("shop", ["PURCHASE=-7"])
