"""Makes `--changed-since` see every changed file, whatever its name and however git is set up.

Pants asks git for the names of changed files. By default, git reports a moved file under its new
name only, and quotes names that are not ASCII, so that Pants would not find what depended on the
old name or owns the quoted one. Environment variables cannot set these options, because Pants'
daemon runs git without any.
"""

from __future__ import annotations

from collections.abc import Iterable

from pants.vcs.git import GitWorktree

_SETTINGS = ("diff.renames=false", "diff.relative=false", "core.quotePath=false")

_command_line = GitWorktree._create_git_cmdline


def _with_settings(self: GitWorktree, arguments: Iterable[str]) -> list[str]:
    settings = (word for setting in _SETTINGS for word in ("-c", setting))
    return [*settings, *_command_line(self, arguments)]


GitWorktree._create_git_cmdline = _with_settings


def rules():
    return []
