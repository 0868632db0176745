"""Lays out tables for people, including tables that are read in parts."""

from collections.abc import Collection, Iterator, Sequence

Row = Sequence[str]


class Columns:
    """The columns of a table, as wide as these rows need.

    The columns with the indexes `numbers` are aligned to the right.
    """

    def __init__(self, rows: Sequence[Row], *, numbers: Collection[int] = ()) -> None:
        self._widths = [max(map(len, column)) for column in zip(*rows)]
        self._numbers = numbers

    def line(self, row: Row) -> str:
        """Returns a row as a line. It need not be one of the rows that set the widths."""
        cells = [
            cell.rjust(width) if number in self._numbers else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, self._widths))
        ]
        return "  ".join(cells).rstrip()


def table(head: Row, rows: Sequence[Row], *, numbers: Collection[int] = ()) -> Iterator[str]:
    """Yields the lines of a table."""
    columns = Columns([head, *rows], numbers=numbers)
    yield from map(columns.line, [head, *rows])


def printable(text: str) -> str:
    """Returns `text` with escapes for what would move the cursor or change a terminal's state."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )
