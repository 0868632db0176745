"""Lays out tables for people, also those that are longer than memory."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain, islice

_MEASURED = 200  # rows


def table(
    head: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Collection[int] = ()
) -> Iterator[str]:
    """Yields the lines of a table, whose columns with these indexes are aligned to the right.

    The first rows decide the widths, so that a long table can be printed while it is read.
    """
    remaining = iter(rows)
    measured = list(islice(remaining, _MEASURED))
    widths = [max(map(len, column)) for column in zip(head, *measured)]
    for row in chain((head, *measured), remaining):
        cells = [
            cell.rjust(width) if number in numbers else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths))
        ]
        yield "  ".join(cells).rstrip()
