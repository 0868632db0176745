"""Reads the entries of a mapping that is written out, and reports what is wrong at each.

Written out are literals, and their combinations by `dict(...)`, `|`, `**`, `MappingProxyType(...)`
and `... if ... else ...`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Final

from mypy.nodes import (
    ARG_POS,
    CallExpr,
    ConditionalExpr,
    DictExpr,
    Expression,
    ListExpr,
    OpExpr,
    RefExpr,
    TupleExpr,
)

from core.ledgers.operations import BaseLedgerOperation
from core.ledgers.tables import Problem, message
from core.mypy_plugin.arguments import Call
from core.mypy_plugin.reports import LEDGER_OPERATION
from core.mypy_plugin.stand_ins import StandIns

_COPIES: Final = ("builtins.dict", "types.MappingProxyType")
_MAX_ALTERNATIVES: Final = 16

Item = tuple[Expression, Expression]
Table = dict[BaseLedgerOperation, object]


@dataclass(frozen=True)
class Entries:
    """The entries of a mapping. Unless it `is_complete`, it may have others."""

    place: Expression
    parts: tuple[tuple[Item, ...], ...] = ()
    """The entries of each literal. A key may be repeated in another part, but not within one."""
    is_complete: bool = True

    def followed_by(self, other: "Entries") -> "Entries":
        return replace(
            self,
            parts=self.parts + other.parts,
            is_complete=self.is_complete and other.is_complete,
        )


def read(mapping: Expression) -> list[Entries]:
    """Returns the entries of each mapping that the expression can evaluate to."""
    if isinstance(mapping, DictExpr):
        return _read_dict(mapping)
    if isinstance(mapping, OpExpr) and mapping.op == "|":
        return _combined(mapping, [read(mapping.left), read(mapping.right)])
    if isinstance(mapping, ConditionalExpr):
        return [*read(mapping.if_expr), *read(mapping.else_expr)]
    if isinstance(mapping, CallExpr) and isinstance(mapping.callee, RefExpr):
        if mapping.callee.fullname in _COPIES:
            return _read_copy(mapping)
    return [Entries(mapping, is_complete=False)]


def _read_dict(mapping: DictExpr) -> list[Entries]:
    parts: list[list[Entries]] = []
    literal: list[Item] = []
    for key, value in mapping.items:
        if key is None:
            parts += [[Entries(mapping, (tuple(literal),))], read(value)]
            literal = []
        else:
            literal.append((key, value))
    return _combined(mapping, [*parts, [Entries(mapping, (tuple(literal),))]])


def _read_copy(call: CallExpr) -> list[Entries]:
    if not call.args:
        return [Entries(call)]
    [first, *rest] = call.args
    if rest or call.arg_kinds != [ARG_POS]:
        return [Entries(call, is_complete=False)]
    if isinstance(first, (ListExpr, TupleExpr)):
        pairs = [item.items for item in first.items if isinstance(item, TupleExpr)]
        items = tuple((pair[0], pair[1]) for pair in pairs if len(pair) == 2)
        return [Entries(call, tuple((item,) for item in items), len(items) == len(first.items))]
    return read(first)


def _combined(place: Expression, parts: list[list[Entries]]) -> list[Entries]:
    """Returns each way to combine one alternative of each part."""
    combinations: list[Entries] = [Entries(place)]
    for alternatives in parts:
        combinations = [
            one.followed_by(other) for one, other in product(combinations, alternatives)
        ]
        if len(combinations) > _MAX_ALTERNATIVES:
            return [Entries(place, is_complete=False)]
    return combinations


@dataclass
class Check:
    """Applies rules of the library to a mapping, and reports each problem once, at its entry."""

    ctx: Call
    stand_ins: StandIns
    reported: set[tuple[int, int, str]] = field(default_factory=set[tuple[int, int, str]])

    def __call__(
        self,
        mapping: Expression,
        rules: Callable[[Table], Iterable[Problem]],
        unless_complete: Mapping[BaseLedgerOperation, object],
        value_of: Callable[[Call, Expression], object],
    ) -> None:
        """Checks `mapping`. `unless_complete` has the entries that it may have besides.

        `value_of` returns what is known of a value, or a valid one.
        """
        for entries in read(mapping):
            table, places, is_complete = self._table(entries, value_of)
            problems = [*rules(table if is_complete else {**unless_complete, **table})]
            self._report(entries.place, [problem for problem in problems if problem.is_missing])
            for problem in problems:
                if not problem.is_missing:
                    self._report(places[problem.operation], [problem])

    def _table(
        self, entries: Entries, value_of: Callable[[Call, Expression], object]
    ) -> tuple[Table, dict[object, Expression], bool]:
        """Returns the known entries, their places, and whether there can be no others."""
        table: Table = {}
        places: dict[object, Expression] = {}
        is_complete = entries.is_complete
        for part in entries.parts:
            in_part: set[BaseLedgerOperation] = set()
            for key, value in part:
                operation = self.stand_ins.operation(self.ctx.api.get_expression_type(key))
                if operation is None:
                    is_complete = False
                    continue
                if operation in in_part:
                    self._fail(key, f"{operation} is given twice; remove one")
                in_part.add(operation)
                table[operation] = value_of(self.ctx, value)
                places[operation] = key
        return table, places, is_complete

    def _report(self, place: Expression, problems: list[Problem]) -> None:
        if problems:
            self._fail(place, message(problems))

    def _fail(self, place: Expression, text: str) -> None:
        report = (place.line, place.column, text)
        if report not in self.reported:
            self.reported.add(report)
            self.ctx.api.fail(text, place, code=LEDGER_OPERATION)
