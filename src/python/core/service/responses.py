"""Converts outcomes of posting to HTTP responses."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from fastapi import Response
from pydantic import BaseModel
from typing_extensions import assert_never

from core.ledgers.errors import DatabaseUnavailable, LedgerError
from core.ledgers.limits import Limit
from core.ledgers.operations import OperationT
from core.ledgers.outcomes import (
    BalanceTooHigh,
    BatchOutcome,
    BatchPosted,
    BatchRefused,
    BatchRepeated,
    Duplicate,
    Entry,
    Insufficient,
    LimitReached,
    OwnerBusy,
    Refusal,
    StoredEntry,
)
from core.ledgers.requests import Batch
from core.ledgers.schemas import EntryModel, PostedBatch, PostedEntry
from core.service import refusal_details
from core.service.ledger_schemas import BatchResult, EntryResult, LedgerSchemas
from core.service.problems import (
    BalanceLimit,
    BalanceLimitInBatch,
    BatchAlreadyPosted,
    DuplicateNonce,
    InsufficientBalance,
    InsufficientBalanceInBatch,
    OperationLimit,
    ProblemDocument,
    internal_error,
    problem_response,
    title,
    unavailable,
)

BodyT = TypeVar("BodyT", bound=BaseModel, covariant=True)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reply(Generic[BodyT]):
    """A response before its body is serialized to JSON."""

    status: int
    body: BodyT


def respond(reply: Reply[BaseModel]) -> Response:
    if isinstance(reply.body, ProblemDocument):
        return problem_response(reply.body)
    return Response(reply.body.model_dump_json(), reply.status, media_type="application/json")


class Responses(Generic[OperationT]):
    """Creates the responses of one ledger's service."""

    def __init__(
        self, schemas: LedgerSchemas[OperationT], limits: Mapping[OperationT, Limit]
    ) -> None:
        self._schemas = schemas
        self._limits = limits

    def for_post(
        self, outcome: BatchOutcome[OperationT]
    ) -> Reply[
        PostedEntry[OperationT]
        | DuplicateNonce[OperationT]
        | OperationLimit[OperationT]
        | InsufficientBalance
        | BalanceLimit
    ]:
        """Returns the response to a single post.

        Raises OwnerIsBusy if its owner was busy.
        """
        match outcome:
            case BatchPosted(posted):
                return Reply(201, self._schemas.posted_entry.of_posted(posted[0]))
            case BatchRefused(_, refusal):
                problem = self._refused(refusal)
                return Reply(problem.status, problem)
            case BatchRepeated():
                raise AssertionError("of a batch of several posts only")
            case OwnerBusy():
                raise outcome.error()
            case _:
                assert_never(outcome)

    def for_atomic_batch(
        self, batch: Batch[OperationT], outcome: BatchOutcome[OperationT]
    ) -> Reply[PostedBatch[OperationT] | ProblemDocument]:
        """Returns the response to an atomic batch.

        Raises OwnerIsBusy if one of its owners was busy.
        """
        match outcome:
            case BatchPosted(posted):
                written = [self._schemas.posted_entry.of_posted(one) for one in posted]
                return Reply(201, self._schemas.posted_batch(entries=written))
            case BatchRepeated(entries):
                return self._already_posted(entries)
            case BatchRefused(_, Duplicate(Entry() as original) as again) if (
                len(batch.posts) == 1 and not again.reused
            ):
                return self._already_posted([original])
            case BatchRefused(index, refusal):
                problem = self._refused_in_batch(index, refusal)
                return Reply(problem.status, problem)
            case OwnerBusy():
                raise outcome.error()
            case _:
                assert_never(outcome)

    def for_other_batch(
        self, outcomes: Sequence[BatchOutcome[OperationT] | Exception]
    ) -> Reply[BatchResult[OperationT]]:
        """Returns the response to a non-atomic batch, given the outcome of each entry.

        Raises the first DatabaseUnavailable if every entry has one as its outcome.
        """
        failures = [outcome for outcome in outcomes if isinstance(outcome, DatabaseUnavailable)]
        if len(failures) == len(outcomes):
            raise failures[0]
        results = [self._for_entry(outcome) for outcome in outcomes]
        return Reply(200, self._schemas.batch_result(outcomes=results))

    def _for_entry(self, outcome: BatchOutcome[OperationT] | Exception) -> EntryResult[OperationT]:
        result = self._schemas.entry_result
        try:
            if isinstance(outcome, Exception):
                raise outcome
            reply = self.for_post(outcome)
            return result(status=reply.status, body=reply.body)
        except LedgerError as error:
            return result(status=503, body=unavailable(error))
        except Exception:
            log.exception("an entry of a batch could not be posted")
            return result(status=500, body=internal_error())

    def _refused(
        self, refusal: Refusal[OperationT]
    ) -> (
        DuplicateNonce[OperationT] | OperationLimit[OperationT] | InsufficientBalance | BalanceLimit
    ):
        match refusal:
            case Duplicate():
                return self._duplicate(refusal)
            case LimitReached():
                return self._limit_reached(refusal)
            case Insufficient(amount, balance):
                detail = refusal_details.insufficient(refusal)
                return InsufficientBalance(
                    title=title(400), status=400, detail=detail, amount=amount, balance=balance
                )
            case BalanceTooHigh(amount, balance):
                detail = refusal_details.balance_too_high(refusal)
                return BalanceLimit(
                    title=title(400), status=400, detail=detail, amount=amount, balance=balance
                )
            case _:
                assert_never(refusal)

    def _refused_in_batch(self, index: int, refusal: Refusal[OperationT]) -> ProblemDocument:
        alone = self._refused(refusal)
        if isinstance(refusal, Duplicate):
            # Not `duplicate_nonce`, which clients take for a success: the rest of the batch is new.
            alone.detail = refusal_details.nonce_reused(refusal)
        detail = f"{alone.detail} (entry {index} of the batch; no entry was posted)"
        fields: dict[str, Any] = {**vars(alone), "detail": detail, "index": index}
        if isinstance(alone, InsufficientBalance):
            return InsufficientBalanceInBatch(**fields)
        if isinstance(alone, BalanceLimit):
            return BalanceLimitInBatch(**fields)
        if isinstance(alone, OperationLimit):
            return self._schemas.limit_in_batch(**fields)
        fields["code"] = "nonce_reused"
        return self._schemas.duplicate_in_batch(**fields)

    def _already_posted(
        self, entries: Sequence[Entry[OperationT]]
    ) -> Reply[BatchAlreadyPosted[OperationT]]:
        detail = (
            f"Duplicate transaction: all {len(entries)} entries of the batch were posted before"
        )
        problem = self._schemas.batch_already_posted(
            title=title(409),
            status=409,
            detail=detail,
            entries=[self._schemas.entry.of(entry) for entry in entries],
        )
        return Reply(409, problem)

    def _duplicate(self, duplicate: Duplicate[OperationT]) -> DuplicateNonce[OperationT]:
        original = duplicate.original
        if duplicate.reused:
            detail = refusal_details.nonce_reused(duplicate)
        else:
            detail = refusal_details.duplicate(duplicate)
        return self._schemas.duplicate(
            title=title(409),
            status=409,
            code="nonce_reused" if duplicate.reused else "duplicate_nonce",
            detail=detail,
            entry=self._entry(original),
        )

    def _limit_reached(self, reached: LimitReached[OperationT]) -> OperationLimit[OperationT]:
        detail = refusal_details.limit_reached(reached, self._limits[reached.operation])
        return self._schemas.limit_reached(
            title=title(409),
            status=409,
            detail=detail,
            operation=reached.operation,
            allowed=reached.allowed,
            resets_at=reached.resets_at,
            entry=None if reached.latest is None else self._entry(reached.latest),
        )

    def _entry(self, entry: StoredEntry[OperationT]) -> EntryModel[OperationT] | dict[str, object]:
        return self._schemas.entry.of(entry) if isinstance(entry, Entry) else vars(entry)
