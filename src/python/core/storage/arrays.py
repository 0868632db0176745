"""Arrays in the text format of PostgreSQL."""

from collections.abc import Iterable


def array(items: Iterable[str]) -> str:
    """Formats an array: https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO.

    psycopg2 would turn a list into an ARRAY[...] expression, which takes both the client and the
    server several times as long to process.
    """
    quoted = [item.replace("\\", "\\\\").replace('"', '\\"') for item in items]
    return '{"' + '","'.join(quoted) + '"}' if quoted else "{}"
