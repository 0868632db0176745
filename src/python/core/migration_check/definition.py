"""Describes a schema completely, so that the migrations' result can be compared with the models.

Autogenerate compares only tables, columns and types. This module also covers what it ignores, such
as the condition of a CHECK, the options of an identity column, collations and triggers.
"""

from sqlalchemy import Connection

# PostgreSQL prints expressions in a canonical form, so equal definitions have equal texts. The
# parameter of each query is the schema.
_PARTS = {
    "table": """
        SELECT relname, concat_ws(' ', relkind, relpersistence, reloptions::text,
          CASE WHEN relrowsecurity THEN 'row security' END)
        FROM pg_class
        WHERE relnamespace = %(schema)s::regnamespace AND relkind NOT IN ('i', 'I', 'S', 'c')
    """,
    "column": """
        SELECT concat_ws('.', relname, attname), concat_ws(' ',
          format_type(atttypid, atttypmod),
          'COLLATE ' || (SELECT collname FROM pg_collation WHERE pg_collation.oid = attcollation),
          CASE WHEN attnotnull THEN 'NOT NULL' END,
          'DEFAULT ' || pg_get_expr(adbin, adrelid),
          'IDENTITY ' || nullif(attidentity::text, ''),
          'GENERATED ' || nullif(attgenerated::text, ''))
        FROM pg_attribute
        JOIN pg_class ON pg_class.oid = attrelid
        LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE relnamespace = %(schema)s::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
          AND attnum > 0 AND NOT attisdropped
    """,
    "constraint": """
        SELECT concat_ws('.', relname, conname),
          concat_ws(' ', pg_get_constraintdef(pg_constraint.oid),
            CASE WHEN NOT convalidated THEN 'NOT VALIDATED' END)
        FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
        WHERE connamespace = %(schema)s::regnamespace
          AND contype <> 'n'  -- NOT NULL, which PostgreSQL 18 also lists as a constraint
    """,
    "index": """
        SELECT relname, concat_ws(' ', pg_get_indexdef(indexrelid),
          CASE WHEN NOT indisvalid THEN 'INVALID' END)
        FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
        WHERE relnamespace = %(schema)s::regnamespace
    """,
    "trigger": """
        SELECT concat_ws('.', relname, tgname),
          concat_ws(' ', pg_get_triggerdef(pg_trigger.oid), nullif(tgenabled::text, 'O'))
        FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
        WHERE relnamespace = %(schema)s::regnamespace AND NOT tgisinternal
    """,
    "function": """
        SELECT oid::regprocedure::text, pg_get_functiondef(oid)
        FROM pg_proc WHERE pronamespace = %(schema)s::regnamespace AND prokind <> 'a'
    """,
    "view": """
        SELECT relname, pg_get_viewdef(oid)
        FROM pg_class WHERE relnamespace = %(schema)s::regnamespace AND relkind IN ('v', 'm')
    """,
    "sequence": """
        SELECT relname, concat_ws(' ', seqtypid::regtype, seqstart, seqincrement, seqmin, seqmax,
          seqcache, seqcycle)
        FROM pg_sequence JOIN pg_class ON pg_class.oid = seqrelid
        WHERE relnamespace = %(schema)s::regnamespace
    """,
    # The order of the enum's values is irrelevant to a ledger.
    "type": """
        SELECT typname, concat_ws(' ', typtype,
          (SELECT string_agg(enumlabel, ', ' ORDER BY enumlabel) FROM pg_enum
            WHERE enumtypid = pg_type.oid))
        FROM pg_type WHERE typnamespace = %(schema)s::regnamespace AND typtype <> 'c'
          AND typelem = 0
    """,
}


def definition_of(connection: Connection, schema: str) -> set[str]:
    """Returns a line for each part of `schema`, such as a column or a constraint.

    Alembic's version table is left out.
    """
    lines: set[str] = set()
    for kind, query in _PARTS.items():
        for name, text in connection.exec_driver_sql(query, {"schema": f'"{schema}"'}):
            if "alembic_version" not in name:
                lines.add(f"{kind} {name}: {' '.join(text.split())}")
    return lines
