"""Tests which files `--changed-since` takes for changed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from pants.core.util_rules.system_binaries import GitBinary
from pants.vcs.git import GitWorktree

from changed_files import register  # noqa: F401

TEXT = "".join(f"{number}\n" for number in range(50))


def git(folder: Path, *arguments: str) -> None:
    author = ("-c", "user.name=test", "-c", "user.email=test@localhost")
    subprocess.run(["git", *author, *arguments], cwd=folder, check=True)


@pytest.fixture
def worktree(tmp_path: Path) -> GitWorktree:
    git(tmp_path, "init", "-q")
    git(tmp_path, "config", "diff.renames", "copies")
    for name in ("old", "größe"):
        (tmp_path / name).write_text(f"{name}\n{TEXT}")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "first")
    return GitWorktree(GitBinary(shutil.which("git"), "unused"), tmp_path)


def changed(worktree: GitWorktree) -> set[str]:
    return worktree.changed_files("HEAD~1", include_untracked=True)


@pytest.mark.parametrize("committed", [False, True])
def test_a_moved_file_has_both_names(worktree: GitWorktree, committed: bool) -> None:
    git(Path(worktree.worktree), "commit", "-qm", "second", "--allow-empty")
    git(Path(worktree.worktree), "mv", "old", "new")
    if committed:
        git(Path(worktree.worktree), "commit", "-q", "--amend", "-m", "second")
    assert changed(worktree) == {"old", "new"}


@pytest.mark.parametrize("committed", [False, True])
def test_a_name_is_not_quoted(worktree: GitWorktree, committed: bool) -> None:
    (Path(worktree.worktree) / "größe").write_text("changed")
    git(Path(worktree.worktree), "commit", "-qm", "second", "--allow-empty")
    if committed:
        git(Path(worktree.worktree), "commit", "-q", "--amend", "-am", "second")
    assert changed(worktree) == {"größe"}
