"""Lists a database's objects from the system catalogs, to see what a migration has changed."""

from sqlalchemy import Connection

# Each kind of object, with an SQL expression for the OID of its schema.
_CATALOGS = {
    "pg_class": "relnamespace",
    "pg_type": "typnamespace",
    "pg_proc": "pronamespace",
    "pg_constraint": "connamespace",
    # Without the triggers of foreign keys, whose names contain numbers that vary.
    "pg_trigger": "(SELECT relnamespace FROM pg_class"
    " WHERE pg_class.oid = tgrelid AND NOT tgisinternal)",
    "pg_attrdef": "(SELECT relnamespace FROM pg_class WHERE pg_class.oid = adrelid)",
    "pg_namespace": "oid",
    "pg_extension": "0",
    "pg_authid": "0",
    "pg_event_trigger": "0",
}


def objects_inside(connection: Connection, schema: str) -> set[str]:
    """Returns the objects in `schema`, and the schema itself."""
    schemas = f"(SELECT oid FROM pg_namespace WHERE nspname = '{schema}')"
    return {name for name, _ in _objects(connection, "IN", schemas)}


def objects_outside(connection: Connection, schema: str) -> dict[str, str]:
    """Returns the objects outside `schema`, each with the ID of the transaction that wrote it."""
    # pg_toast contains the TOAST tables of every schema, including this one.
    schemas = f"(SELECT oid FROM pg_namespace WHERE nspname IN ('{schema}', 'pg_toast'))"
    return dict(_objects(connection, "NOT IN", schemas))


def _objects(connection: Connection, relation: str, schemas: str) -> list[tuple[str, str]]:
    selects = [
        f"SELECT pg_describe_object('{catalog}'::regclass, oid, 0), xmin::text FROM {catalog}"
        f" WHERE {schema}::oid {relation} {schemas}"
        for catalog, schema in _CATALOGS.items()
    ]
    # Columns and enum values are not objects of their own, but parts of those above.
    selects += [
        "SELECT pg_describe_object('pg_class'::regclass, attrelid, attnum),"
        " pg_attribute.xmin::text"
        " FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid"
        f" WHERE attnum > 0 AND NOT attisdropped AND relnamespace {relation} {schemas}",
        "SELECT 'value ' || enumlabel || ' of ' || enumtypid::regtype, pg_enum.xmin::text"
        " FROM pg_enum JOIN pg_type ON pg_type.oid = enumtypid"
        f" WHERE typnamespace {relation} {schemas}",
    ]
    rows = connection.exec_driver_sql(" UNION ALL ".join(selects))
    return [(str(name), str(written)) for name, written in rows]
