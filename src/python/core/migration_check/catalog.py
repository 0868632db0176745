"""What a database contains, as its catalog has it: to tell what migrations touch."""

from core.testing.databases import execute

# Each kind of object, with where its schema is.
_CATALOGS = {
    "pg_class": "relnamespace",
    "pg_type": "typnamespace",
    "pg_proc": "pronamespace",
    "pg_constraint": "connamespace",
    "pg_trigger": "(SELECT relnamespace FROM pg_class WHERE pg_class.oid = tgrelid)",
    "pg_attrdef": "(SELECT relnamespace FROM pg_class WHERE pg_class.oid = adrelid)",
    "pg_namespace": "oid",
    "pg_extension": "0",
    "pg_authid": "0",
    "pg_event_trigger": "0",
}


def inside(url: str, schema: str) -> set[str]:
    """The objects in `schema`, and itself."""
    schemas = f"(SELECT oid FROM pg_namespace WHERE nspname = '{schema}')"
    return {name for name, _ in _objects(url, "IN", schemas)}


def outside(url: str, schema: str) -> dict[str, str]:
    """The objects not in `schema`, and of each the transaction that wrote it last."""
    # What PostgreSQL keeps of long values of any schema's tables is in pg_toast.
    schemas = f"(SELECT oid FROM pg_namespace WHERE nspname IN ('{schema}', 'pg_toast'))"
    return dict(_objects(url, "NOT IN", schemas))


def _objects(url: str, relation: str, schemas: str) -> list[tuple[str, str]]:
    selects = [
        f"SELECT pg_describe_object('{catalog}'::regclass, oid, 0), xmin::text FROM {catalog}"
        f" WHERE {schema}::oid {relation} {schemas}"
        for catalog, schema in _CATALOGS.items()
    ]
    # Columns and the values of enums are parts of what has been found above.
    selects += [
        "SELECT pg_describe_object('pg_class'::regclass, attrelid, attnum),"
        " pg_attribute.xmin::text"
        " FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid"
        f" WHERE attnum > 0 AND NOT attisdropped AND relnamespace {relation} {schemas}",
        "SELECT 'value ' || enumlabel || ' of ' || enumtypid::regtype, pg_enum.xmin::text"
        " FROM pg_enum JOIN pg_type ON pg_type.oid = enumtypid"
        f" WHERE typnamespace {relation} {schemas}",
    ]
    return [(name, written) for name, written in execute(url, " UNION ALL ".join(selects))]
