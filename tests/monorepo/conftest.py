"""Fixtures of the checks: copies of the workspace in which Pants runs."""

from collections.abc import Iterator

import pytest

from core.testing.databases import Databases, throwaway_databases
from monorepo.workspace import Workspace


@pytest.fixture(scope="module")
def databases() -> Iterator[Databases]:
    """A PostgreSQL server for the checks of a module."""
    with throwaway_databases() as server:
        yield server


@pytest.fixture(scope="module")
def workspace_copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A copy of the workspace, with apps of its own, that all checks of a module share."""
    copy = Workspace(tmp_path_factory.mktemp("workspace"))
    copy.replace_apps()
    yield copy
    copy.close()


@pytest.fixture(scope="module")
def committed_copy(workspace_copy: Workspace) -> Workspace:
    """The shared copy as a git repository, so that changes can be detected and undone."""
    workspace_copy.commit()
    return workspace_copy


@pytest.fixture
def workspace(committed_copy: Workspace) -> Iterator[Workspace]:
    """A committed copy of the workspace. What a check changes in it is undone afterwards."""
    yield committed_copy
    committed_copy.reset()
