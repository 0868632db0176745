"""Copies the sample's migrations to another folder, and adds revisions there."""

import sys
from pathlib import Path

PARENT = "0000000000a1"
HEAD = "0000000000a2"

_REVISION = """
revision = {!r}
down_revision = {!r}
def upgrade(): pass
def downgrade(): pass
"""


def ini_of(app: str) -> Path:
    """Returns the path of the app's alembic.ini."""
    candidates = (Path(root, app, "alembic.ini") for root in sys.path)
    return next(found for found in candidates if found.exists())


def copied_sample(folder: Path, **revisions: str) -> Path:
    """Copies the migrations to `folder`, adds empty revisions, and returns the alembic.ini.

    `revisions` has the parent of each new revision.
    """
    copy = folder / "sample"
    (copy / "versions").mkdir(parents=True)
    original = ini_of("sample")
    for source in (
        original,
        original.with_name("script.py.mako"),
        *original.parent.glob("**/*.py"),
    ):
        (copy / source.relative_to(original.parent)).write_text(source.read_text())
    for revision, parent in revisions.items():
        (copy / f"versions/{revision}.py").write_text(_REVISION.format(revision, parent))
    return copy / "alembic.ini"
