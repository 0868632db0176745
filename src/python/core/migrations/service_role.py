"""Grants the role of services the privileges that they need in the app's schema, and no others."""

from alembic.util import CommandError
from sqlalchemy import DDL, Connection, text

from core.migrations.revisions import quoted_version_table
from core.settings.environment import read_settings, source_of
from core.settings.groups import MigrationSettings

_ROLE = text("""
SELECT rolsuper OR pg_has_role(oid, current_user, 'MEMBER') OR EXISTS (
  SELECT FROM pg_class
  WHERE relnamespace = to_regnamespace(quote_ident(:app)) AND relname = 'ledger_entry'
    AND pg_has_role(pg_roles.oid, relowner, 'MEMBER')
)
FROM pg_roles WHERE rolname = :role
""")

# What is granted replaces what was granted before. Without the tables, there is nothing to grant:
# a downgrade may have dropped them.
_GRANTS = """
DO $grants$
BEGIN
  REVOKE ALL ON SCHEMA "{app}" FROM {role};
  IF to_regclass('"{app}".ledger_limit_use') IS NOT NULL THEN
    REVOKE ALL ON "{app}".ledger_entry, "{app}".ledger_limit_use, "{app}".ledger_balance,
      {version_table} FROM {role};
    IF to_regclass('"{app}".ledger_entry_id_seq') IS NOT NULL THEN
      REVOKE ALL ON SEQUENCE "{app}".ledger_entry_id_seq FROM {role};
    END IF;
    GRANT USAGE ON SCHEMA "{app}" TO {role};
    GRANT SELECT, INSERT ON "{app}".ledger_entry, "{app}".ledger_limit_use TO {role};
    GRANT SELECT, INSERT, UPDATE ON "{app}".ledger_balance TO {role};
    GRANT SELECT ON {version_table} TO {role};
  END IF;
END $grants$
"""


def service_role(app: str) -> str | None:
    """Returns the role that SERVICE_ROLE names, if it is set."""
    return read_settings(MigrationSettings, app).service_role


def require_role(connection: Connection, app: str, role: str) -> None:
    """Raises CommandError if `role` does not exist, or has every privilege already."""
    allowed_everything = connection.scalar(_ROLE, {"app": app, "role": role})
    setting = source_of(app, "service_role")
    if allowed_everything is None:
        raise CommandError(
            f"{setting} names the role {role!r}, which does not exist: create it, and migrate "
            "again. Nothing was changed"
        )
    if allowed_everything:
        raise CommandError(
            f"{setting} names the role {role!r}, which owns the tables, is a member of their "
            "owner or is a superuser: use a role of its own for services. Nothing was changed"
        )


def grants(app: str, role: str) -> DDL:
    """Returns the statement that grants what a service needs, which may be repeated."""
    quoted = '"' + role.replace('"', '""') + '"'
    version_table = quoted_version_table(app)
    statement = _GRANTS.format(app=app, role=quoted, version_table=version_table)
    # Unlike text(), DDL() does not take a colon for the beginning of a parameter.
    return DDL(statement.replace("%", "%%"))  # type: ignore[no-untyped-call]  # SQLAlchemy's
