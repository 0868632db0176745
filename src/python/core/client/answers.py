"""Reads the service's answers: entries and other values, with the operations of the app's enum."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from core.client.exceptions import UnexpectedAnswer
from core.client.json_fields import Fields
from core.client.results import Entry, HistoryEntry, HistoryPage, LimitUsage, UnknownOperation
from core.ledgers.history import PastBalance
from core.ledgers.operations import OperationT

ValueT = TypeVar("ValueT")


@dataclass(frozen=True)
class Answer:
    """A response of the service.

    `repeated` means that an earlier try of the same request may have reached the service.
    """

    status: int
    body: bytes
    retry_after: float | None = None
    repeated: bool = False

    def fields(self) -> Fields:
        """Returns the fields of the body. Raises ValueError if it is not a JSON object."""
        return Fields(json.loads(self.body))

    def unexpected(self) -> UnexpectedAnswer:
        """Returns the exception for an answer that is not one of a ledger's service."""
        start = self.body[:80].decode(errors="replace")
        error = UnexpectedAnswer(
            f"The answer with status {self.status} is not one of a ledger's service: {start!r}; "
            "check the URL, and the proxies before the service",
            self.status,
        )
        error.retry_after = self.retry_after
        return error

    def read(self, status: int, reader: Callable[[Fields], ValueT]) -> ValueT:
        """Returns what `reader` reads from the body of an answer with this status.

        Raises UnexpectedAnswer if the status is another one, or the body is not as expected.
        """
        if self.status != status:
            raise self.unexpected()
        try:
            return reader(self.fields())
        except ValueError as error:
            raise self.unexpected() from error


class AppAnswers(Generic[OperationT]):
    """Reads the parts of answers that depend on an app's enum.

    Every method raises ValueError if a field is missing or malformed.
    """

    def __init__(self, operations: type[OperationT]) -> None:
        self._by_value = {operation.value: operation for operation in operations}

    def operation(self, value: str) -> OperationT | UnknownOperation:
        return self._by_value.get(value, UnknownOperation(value))

    def entry(self, fields: Fields) -> Entry[OperationT]:
        """Returns the entry of a problem document, which has no balance."""
        return Entry(
            id=fields.integer("id"),
            operation=self.operation(fields.text("operation")),
            amount=fields.integer("amount"),
            nonce=fields.text("nonce"),
            owner_id=fields.text("owner_id"),
            created_on=fields.instant("created_on"),
        )

    def history_entry(self, fields: Fields, owner_id: str) -> HistoryEntry[OperationT]:
        return HistoryEntry(
            id=fields.integer("id"),
            operation=self.operation(fields.text("operation")),
            amount=fields.integer("amount"),
            nonce=fields.text("nonce"),
            owner_id=owner_id,
            created_on=fields.instant("created_on"),
            balance=fields.integer("balance"),
        )

    def page(self, fields: Fields) -> HistoryPage[OperationT]:
        owner_id = fields.text("owner_id")
        return HistoryPage(
            tuple(self.history_entry(entry, owner_id) for entry in fields.nested_list("entries")),
            fields.optional("next", fields.text),
        )

    def limits(self, fields: Fields) -> list[LimitUsage[OperationT]]:
        return [
            LimitUsage(
                operation=self.operation(limit.text("operation")),
                used=limit.integer("used"),
                allowed=limit.integer("allowed"),
                resets_at=limit.optional("resets_at", limit.instant),
            )
            for limit in fields.nested_list("limits")
        ]


def past_balance(fields: Fields) -> PastBalance:
    return PastBalance(fields.integer("balance"), fields.optional("entry_id", fields.integer))
