"""Registers the goal `operations` with Pants."""

from __future__ import annotations

from ledger_operations import apps, operations_goal, posts, search


def rules():
    return [*apps.rules(), *operations_goal.rules(), *posts.rules(), *search.rules()]
