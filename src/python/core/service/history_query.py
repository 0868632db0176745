"""The query parameters of a page of entries, and what they select."""

from typing import Annotated, Generic

from pydantic import BaseModel, Field, WithJsonSchema

from core.ledgers.errors import InvalidCursor
from core.ledgers.history import DEFAULT_PAGE, MAX_PAGE, Order, Place, Selection
from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.service.cursors import read_cursor
from core.service.instants import OptionalInstant


class HistoryQuery(BaseModel, Generic[OperationT]):
    """The parameters; unknown ones are ignored."""

    limit: int = Field(
        default=DEFAULT_PAGE, ge=1, le=MAX_PAGE, description="How many entries a page has at most."
    )
    order: Order = Field(default="desc", description="Newest first, or oldest first (`asc`).")
    operation: list[OperationT] = Field(
        default=[], description="Only entries of these operations; of all by default."
    )
    since: OptionalInstant = Field(
        default=None,
        alias="from",
        description="Only entries from this time on (RFC 3339 with an offset).",
    )
    until: OptionalInstant = Field(
        default=None, alias="to", description="Only entries before this time."
    )
    cursor: Annotated[str | None, WithJsonSchema({"type": "string"})] = Field(
        default=None,
        description="The `next` of the page before. It keeps that page's order and filters, so "
        "they can be left out; they must not differ.",
    )

    def selection(
        self, ledger: Ledger[OperationT], owner_id: str
    ) -> tuple[Selection[OperationT], Place | None]:
        """Returns what to read, and where to begin.

        Raises InvalidCursor if the cursor is not one of this owner, order and filters.
        """
        asked = Selection(
            self.order,
            tuple(operation for operation in ledger.operations if operation in self.operation),
            self.since,
            self.until,
        )
        if self.cursor is None:
            return asked, None
        selection, place = read_cursor(ledger, owner_id, self.cursor)
        fields = {
            "order": "order",
            "operation": "operations",
            "since": "since",
            "until": "until",
        }
        for field in self.model_fields_set & fields.keys():
            name = fields[field]
            if getattr(asked, name) != getattr(selection, name):
                raise InvalidCursor(
                    "The cursor is of another order or filter: leave them out, or begin without a "
                    "cursor"
                )
        return selection, place
