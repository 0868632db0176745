"""Explains why the database did not run a migration, and what to do next."""

from traceback import walk_tb

from sqlalchemy.exc import DBAPIError

from core.settings.environment import source_of
from core.settings.groups import MigrationSettings
from core.storage import sqlstates
from core.storage.failures import connection_failure

_NEXT_STEPS = {
    sqlstates.LOCK_TIMEOUT: "Another transaction has locked what this command changes: find it in "
    "pg_stat_activity and run the command again when it has ended, or raise MIGRATION_LOCK_TIMEOUT",
    sqlstates.STATEMENT_TIMEOUT: "It was rolled back: raise MIGRATION_STATEMENT_TIMEOUT, or split "
    "the statement of a revision into faster ones",
    sqlstates.DEADLOCK: "It was rolled back: run the command again",
    # Instead of PostgreSQL's hint, which is to drop whatever depends on a ledger.
    sqlstates.DEPENDENT_OBJECTS: "Change or drop that object first",
    sqlstates.FEATURE_NOT_SUPPORTED: "If an object is in the way, drop it first, and create it "
    "again afterwards",
    sqlstates.DUPLICATE_TABLE: "Find out what has created it, for example a revision that was "
    "interrupted while it built an index concurrently, before you drop it and migrate again",
    sqlstates.INSUFFICIENT_PRIVILEGE: "Migrate as the role that owns the schema and its tables",
    sqlstates.READ_ONLY: "The database is a standby, or read-only: migrate the primary",
}
_NEXT_STEPS[sqlstates.DUPLICATE_OBJECT] = _NEXT_STEPS[sqlstates.DUPLICATE_TABLE]


def explanation(app: str, error: DBAPIError) -> str:
    """Returns PostgreSQL's message and detail, without SQLAlchemy's additions, and a next step."""
    diagnostics = getattr(error.orig, "diag", None)
    message, detail, context, hint = (
        getattr(diagnostics, part, None) or ""
        for part in ("message_primary", "message_detail", "context", "message_hint")
    )
    if not message:  # the connection failed, so PostgreSQL reported no error
        cause = str(error.orig).strip()
        if error.connection_invalidated:
            return f"The database stopped answering: {cause}. Run the command again when it answers"
        return f"{connection_failure(cause)}\nCheck {source_of(app, 'database_url')}"
    next_step = _NEXT_STEPS.get(sqlstates.sqlstate_of(error)) or hint
    for setting in MigrationSettings.model_fields:  # the app may have a variable of its own
        next_step = next_step.replace(setting.upper(), source_of(app, setting))
    parts = (
        ": ".join(filter(None, (message, "; ".join(detail.splitlines())))),
        _function_in(context),
        next_step or "Remove the cause, and run the command again",
    )
    revision = _failed_revision(error)
    failed = f"Revision {revision} failed: " if revision else ""
    return failed + ". ".join(part.rstrip(".") for part in parts if part)


def _failed_revision(error: Exception) -> str | None:
    """Returns the revision in whose file the error was raised. Alembic does not say which it is."""
    for frame, _ in walk_tb(error.__traceback__):
        if "down_revision" in frame.f_globals:
            return str(frame.f_globals.get("revision"))
    return None


def _function_in(context: str) -> str:
    """Returns the function that raised an error, such as that of an event trigger; "" if none did.

    The rest of the context is the text of the failed statement, and lines of the migration itself.
    """
    innermost = context.partition("\n")[0]
    is_function = innermost.startswith("PL/") and "inline_code_block" not in innermost
    return innermost if is_function else ""
