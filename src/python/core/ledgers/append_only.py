"""SQL that prevents everybody, even the owner of the tables, from changing or deleting entries."""

TRIGGER = "append_only"
TABLES = ("ledger_entry", "ledger_limit_use")

_FUNCTION = """
CREATE OR REPLACE FUNCTION "{schema}".refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%.% is append-only: % is refused', TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_OP
    USING HINT = 'To correct an entry, post another one.';
END $$
"""
_TRIGGER = """
CREATE OR REPLACE TRIGGER {trigger} BEFORE UPDATE OR DELETE OR TRUNCATE ON "{schema}".{table}
FOR EACH STATEMENT EXECUTE FUNCTION "{schema}".refuse_change()
"""


def make_append_only(schema: str) -> list[str]:
    """Returns statements that make PostgreSQL refuse every change of the schema's entries."""
    triggers = [_TRIGGER.format(schema=schema, trigger=TRIGGER, table=table) for table in TABLES]
    return [_FUNCTION.format(schema=schema), *triggers]


def allow_changes(schema: str) -> list[str]:
    """Returns statements that undo make_append_only."""
    triggers = [f'DROP TRIGGER {TRIGGER} ON "{schema}".{table}' for table in TABLES]
    return [*triggers, f'DROP FUNCTION "{schema}".refuse_change()']
