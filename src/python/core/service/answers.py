"""What the service answers to a post: its outcome as JSON, in models with the app's own enum."""

import logging
from collections.abc import Sequence
from typing import Generic

from pydantic import BaseModel

from core.ledgers.errors import DatabaseUnavailable, LedgerError
from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.ledgers.posting import BatchOutcome, Busy, Duplicate, Insufficient, Refused
from core.ledgers.schemas import BatchRequest, EntryModel, PostedBatch, PostedEntry, PostRequest
from core.service.problems import (
    DuplicateNonce,
    DuplicateNonceInBatch,
    InsufficientBalance,
    InsufficientBalanceInBatch,
    Problem,
    defect,
    title,
    unavailable,
)

log = logging.getLogger(__name__)


class Answer(BaseModel, Generic[OperationT]):
    """What `POST /ledger` would have answered to an entry."""

    status: int
    body: PostedEntry[OperationT] | DuplicateNonce[OperationT] | InsufficientBalance | Problem


class BatchAnswer(BaseModel, Generic[OperationT]):
    """What became of each entry, in the order of the request."""

    outcomes: list[Answer[OperationT]]


class Answers(Generic[OperationT]):
    """Makes the answers of one ledger, each a status and JSON; names their models for OpenAPI."""

    def __init__(self, ledger: Ledger[OperationT]) -> None:
        # FastAPI reads annotations when a route is made: give it the app's enum, not the variable.
        of = ledger.operations
        self.request = PostRequest[of]  # type: ignore[valid-type]  # known at run time only
        self.batch_request = BatchRequest[of]  # type: ignore[valid-type]  # the same
        self.posted = PostedEntry[of]  # type: ignore[valid-type]  # the same
        self.posted_batch = PostedBatch[of]  # type: ignore[valid-type]  # the same
        self.batch = BatchAnswer[of]  # type: ignore[valid-type]  # the same
        self.duplicate = DuplicateNonce[of]  # type: ignore[valid-type]  # the same
        self.duplicate_in_batch = DuplicateNonceInBatch[of]  # type: ignore[valid-type]  # the same
        self._entry = EntryModel[of]  # type: ignore[valid-type]  # the same

    def to_post(self, outcome: BatchOutcome[OperationT]) -> tuple[int, str]:
        """To a single post. Raises DatabaseUnavailable when its owner was busy."""
        match outcome:
            case Busy():
                raise outcome.error()
            case Refused():
                problem = self._refusal(outcome.outcome)
                return problem.status, problem.model_dump_json()
            case _:
                [posted] = outcome
                return 201, self.posted.of_posted(posted).model_dump_json()

    def to_atomic(self, outcome: BatchOutcome[OperationT]) -> tuple[int, str]:
        """To an atomic batch. Raises DatabaseUnavailable when an owner was busy."""
        match outcome:
            case Busy():
                raise outcome.error()
            case Refused(index, refusal):
                in_batch: type[DuplicateNonceInBatch[OperationT] | InsufficientBalanceInBatch]
                in_batch = self.duplicate_in_batch
                if isinstance(refusal, Insufficient):
                    in_batch = InsufficientBalanceInBatch
                problem = in_batch(**vars(self._refusal(refusal)), index=index)
                problem.detail += f" (entry {index}; nothing of the batch was posted)"
                return problem.status, problem.model_dump_json()
            case _:
                entries = (self.posted.of_posted(posted).model_dump_json() for posted in outcome)
                return 201, f'{{"entries":[{",".join(entries)}]}}'

    def to_each(self, outcomes: Sequence[BatchOutcome[OperationT] | Exception]) -> str:
        """To a batch that is not atomic. Raises DatabaseUnavailable when that is so for all."""
        if all(isinstance(outcome, DatabaseUnavailable) for outcome in outcomes):
            raise DatabaseUnavailable(str(outcomes[0]))
        answers = (self._to_one(outcome) for outcome in outcomes)
        bodies = (f'{{"status":{status},"body":{body}}}' for status, body in answers)
        return f'{{"outcomes":[{",".join(bodies)}]}}'

    def _to_one(self, outcome: BatchOutcome[OperationT] | Exception) -> tuple[int, str]:
        try:
            if isinstance(outcome, Exception):
                raise outcome
            return self.to_post(outcome)
        except LedgerError as error:
            problem = unavailable(error)
        except Exception:
            log.exception("an entry of a batch could not be posted")
            problem = defect()
        return problem.status, problem.model_dump_json()

    def _refusal(
        self, refusal: Duplicate[OperationT] | Insufficient
    ) -> DuplicateNonce[OperationT] | InsufficientBalance:
        if isinstance(refusal, Insufficient):
            return InsufficientBalance(
                title=title(400),
                status=400,
                detail=f"Insufficient balance: this takes {-refusal.amount}, "
                f"the owner has {refusal.balance}",
                amount=refusal.amount,
                balance=refusal.balance,
            )
        original = refusal.original
        detail = (
            f"Duplicate transaction: nonce {original.nonce!r} of this owner "
            f"is entry {original.id} already"
        )
        if refusal.reused:
            detail += f", for another operation ({original.operation.value}); use a new nonce"
        return self.duplicate(
            title=title(409),
            status=409,
            code="nonce_reused" if refusal.reused else "duplicate_nonce",
            detail=detail,
            entry=self._entry.of(original),
        )
