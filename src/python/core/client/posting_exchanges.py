"""Posts to a ledger, as exchanges: every try has the same nonces, so nothing is posted twice."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Generic

from core.client.answers import Answer, AppAnswers
from core.client.exceptions import (
    BatchAlreadyPosted,
    ClientError,
    DuplicateNonce,
    NoAnswer,
    NonceReused,
    Problem,
    is_refusal,
)
from core.client.exchanges import Exchange, ReadExchanges, Request, json_body
from core.client.json_fields import Fields
from core.client.problem_answers import problem, problem_of
from core.client.results import Entry, PostedEntry
from core.client.tries import may_have_posted
from core.ledgers.errors import LedgerError
from core.ledgers.operations import BaseLedgerOperation, OperationT
from core.ledgers.requests import Batch, Post

# The service asks for this many seconds in Retry-After, which an item of a batch cannot have.
_RETRY_AFTER = 1.0


class PostingExchanges(Generic[OperationT]):
    """The exchanges that post."""

    def __init__(self, app: AppAnswers[OperationT], reads: ReadExchanges[OperationT]) -> None:
        self._app = app
        self._reads = reads

    def post(self, post: Post[OperationT], *, new: bool) -> Exchange[PostedEntry[OperationT]]:
        """Posts an entry. `new` means that nobody else can have used the nonce."""
        repeated = False
        try:
            answer = yield Request("POST", "/ledger", body=json_body(_fields(post)))
            repeated = answer.repeated
            if answer.status == 201:
                return answer.read(201, lambda fields: self._posted(post, fields))
            raise problem(answer, self._app)
        except DuplicateNonce as duplicate:
            if not (new or repeated):
                raise
            written = duplicate.entry
        except ClientError as error:
            raise _explained(error, (post,), repeated)
        return (yield from self._with_balance(post, written))

    def _with_balance(
        self, post: Post[OperationT], entry: Entry[BaseLedgerOperation]
    ) -> Exchange[PostedEntry[OperationT]]:
        """Reads the balance after an entry if the response with it was lost."""
        try:
            shown = yield from self._reads.entry(post.owner_id, post.nonce)
        except LedgerError:  # for one, the API key may have no scope for it
            return _without_balance(post, entry)
        return replace(_without_balance(post, entry), balance=shown.balance)

    def post_batch(
        self, posts: Sequence[Post[OperationT]]
    ) -> Exchange[list[PostedEntry[OperationT]]]:
        """Posts all or nothing."""
        batch = Batch(tuple(posts))
        repeated = False
        try:
            answer = yield _batch_request(batch.posts, atomic=True)
            repeated = answer.repeated
            if answer.status == 201:
                return answer.read(201, lambda fields: self._all_posted(batch, fields))
            raise problem(answer, self._app)
        except BatchAlreadyPosted as duplicate:
            if not repeated:
                raise
            pairs = zip(batch.posts, duplicate.entries, strict=True)
            return [_without_balance(post, entry) for post, entry in pairs]
        except ClientError as error:
            raise _explained(error, batch.posts, repeated)

    def post_each(
        self, posts: Sequence[Post[OperationT]]
    ) -> Exchange[list[PostedEntry[OperationT] | ClientError]]:
        """Posts each on its own.

        Those for which the service was unavailable are sent again in rounds, and the wait grows
        with each round.
        """
        outcomes: dict[int, PostedEntry[OperationT] | ClientError] = {}
        pending = list(range(len(posts)))
        after: ClientError | None = None
        rounds = 0
        repeated = False  # whether a try of any round may have been posted
        while pending:
            sent = [posts[index] for index in pending]
            try:
                answer = yield _batch_request(sent, atomic=False, after=after, rounds=rounds)
                repeated |= answer.repeated
                read = self._outcomes(sent, replace(answer, repeated=repeated))
            except ClientError as error:
                if after is not None:
                    break  # each keeps the outcome of the round before
                raise _explained(error, tuple(sent), repeated)
            rounds += 1
            outcomes.update(zip(pending, read, strict=True))
            pending = [index for index in pending if _unavailable(outcomes[index])]
            refusals = [refusal for index in pending if (refusal := _unavailable(outcomes[index]))]
            repeated |= any(map(may_have_posted, refusals))
            after = refusals[0] if refusals else None
        return [outcomes[index] for index in range(len(posts))]

    def _posted(self, post: Post[OperationT], fields: Fields) -> PostedEntry[OperationT]:
        """Returns the entry of `post`. Raises ValueError if the fields are not those of one."""
        entry = self._app.entry(fields)
        answered = (entry.owner_id, entry.operation, entry.nonce)
        if answered != (post.owner_id, post.operation, post.nonce):
            raise ValueError(f"{answered} is not what was posted")
        return replace(_without_balance(post, entry), balance=fields.integer("balance"))

    def _all_posted(
        self, batch: Batch[OperationT], fields: Fields
    ) -> list[PostedEntry[OperationT]]:
        entries = fields.nested_list("entries")
        pairs = zip(batch.posts, entries, strict=True)
        return [self._posted(post, entry) for post, entry in pairs]

    def _outcomes(
        self, posts: Sequence[Post[OperationT]], answer: Answer
    ) -> list[PostedEntry[OperationT] | ClientError]:
        if answer.status != 200:
            raise problem(answer, self._app)
        entries = answer.read(200, lambda fields: fields.nested_list("outcomes"))
        return answer.read(
            200,
            lambda _: [
                self._outcome(post, entry, answer.repeated)
                for post, entry in zip(posts, entries, strict=True)
            ],
        )

    def _outcome(
        self, post: Post[OperationT], fields: Fields, repeated: bool
    ) -> PostedEntry[OperationT] | ClientError:
        if fields.integer("status") == 201:
            return self._posted(post, fields.nested("body"))
        refusal = problem_of(fields.nested("body"), self._app)
        if _unavailable(refusal):
            refusal.retry_after = _RETRY_AFTER
        if isinstance(refusal, DuplicateNonce) and repeated:
            return _without_balance(post, refusal.entry)
        return _explained(refusal, (post,), repeated)


def _fields(post: Post[OperationT]) -> dict[str, str | int]:
    fields: dict[str, str | int] = {
        "owner_id": post.owner_id,
        "operation": post.operation.value,
        "nonce": post.nonce,
    }
    return fields if post.quantity == 1 else {**fields, "quantity": post.quantity}


def _batch_request(
    posts: Sequence[Post[OperationT]],
    *,
    atomic: bool,
    after: ClientError | None = None,
    rounds: int = 0,
) -> Request:
    body = json_body({"atomic": atomic, "entries": [_fields(post) for post in posts]})
    return Request("POST", "/ledger/batch", body=body, after=after, rounds=rounds)


def _without_balance(
    post: Post[OperationT], entry: Entry[BaseLedgerOperation]
) -> PostedEntry[OperationT]:
    return PostedEntry(
        id=entry.id,
        operation=post.operation,
        amount=entry.amount,
        nonce=entry.nonce,
        owner_id=entry.owner_id,
        created_on=entry.created_on,
        balance=None,
    )


def _unavailable(outcome: object) -> Problem | None:
    """Returns `outcome` if it says that the same post may succeed later."""
    return outcome if isinstance(outcome, Problem) and outcome.status == 503 else None


def _explained(
    error: ClientError, posts: tuple[Post[BaseLedgerOperation], ...], repeated: bool
) -> ClientError:
    """Returns `error` with the posts as unresolved, unless it is certain that none is written.

    `repeated` means that an earlier try may have arrived. It may even be posted after this refusal,
    by a process that was stalled, once the owner's balance or limit allows it.
    """
    if isinstance(error, NoAnswer):
        certain = error.nothing_posted = not error.sent
    else:
        certain = is_refusal(error) and (not repeated or _used_otherwise(error, posts))
    error.unresolved = () if certain else posts
    return error


def _used_otherwise(error: ClientError, posts: tuple[Post[BaseLedgerOperation], ...]) -> bool:
    """Whether a nonce has the entry of another operation, so that no try can ever be posted.

    An entry of the same operation may be the call's own, at a price of another release.
    """
    operations = [post.operation for post in posts]
    return isinstance(error, NonceReused) and error.entry.operation not in operations
