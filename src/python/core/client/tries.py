"""When a request is tried again: if it gets no answer, or one that may be temporary.

Every try of a post has the same nonce, so it does not matter what an earlier one did.
"""

import logging
import random
import time
from typing import NoReturn, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_before_delay
from tenacity.asyncio import AsyncRetrying

from core.client.answers import Answer, AppAnswers
from core.client.exceptions import ClientError, NoAnswer, Problem, UnexpectedAnswer
from core.client.exchanges import Request
from core.client.plain_problems import Overloaded, OwnerBusy
from core.client.problem_answers import problem
from core.ledgers.operations import OperationT

RetryingT = TypeVar("RetryingT", Retrying, AsyncRetrying)

log = logging.getLogger(__name__)

# Statuses of an overloaded or restarting service or proxy. With 408, the service has not read the
# whole request. 500 is not among them: the service would fail again.
RETRIED = frozenset((408, 429, 502, 503, 504))

_FIRST_WAIT = 0.1  # seconds; doubles with each try
_LONGEST_WAIT = 2.0


class Deadline:
    """When a call must have ended."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Returns the seconds until then, at least zero."""
        return max(self._end - time.monotonic(), 0)


class Tries:
    """The tries of one request."""

    def __init__(self, request: Request, deadline: Deadline) -> None:
        self.request = request
        self._deadline = deadline
        self._arrived = False
        """Whether a try may have reached the service."""

    def begin(self, number: int) -> None:
        """Begins a try, of which the first is number 1. Raises what the request follows, if any."""
        if number == 1 and self.request.after is not None:
            raise self.request.after

    def answered(self, answer: Answer, app: AppAnswers[OperationT]) -> Answer:
        """Returns the answer that ends the tries. Raises the problem of one that does not."""
        if answer.status in RETRIED:
            raise problem(answer, app)
        return Answer(answer.status, answer.body, answer.retry_after, self._arrived)

    def in_turn(self, retrying: type[RetryingT]) -> RetryingT:
        """Returns the tries as context managers, which wait between each other."""
        return retrying(
            stop=stop_before_delay(self._deadline.left()),
            wait=self._wait,
            retry=retry_if_exception(self._again),
            before_sleep=self._log,
            retry_error_callback=_give_up,
        )

    def _again(self, error: BaseException) -> bool:
        if isinstance(error, NoAnswer):
            self._arrived = error.sent = error.sent or self._arrived
            return not (self.request.once or error.lasting)
        if isinstance(error, (Problem, UnexpectedAnswer)):
            self._arrived |= may_have_posted(error)
            return not self.request.once and error.status in RETRIED
        return False

    def _log(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome is not None else None
        number = self._number(state)
        if number == 1:  # the others would only repeat it
            log.info("trying again for up to %.0f s: %s", self._deadline.left(), error)
        else:
            log.debug("try %s failed: %s", number, error)

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome is not None else None
        return wait_before_retry(error, self._number(state))

    def _number(self, state: RetryCallState) -> int:
        """Returns the number of a try. The refusal that a request follows is that of a round."""
        return max(self.request.rounds - 1, 0) + state.attempt_number


def may_have_posted(error: ClientError) -> bool:
    """Whether the request of an error that is tried again may have been posted, or may still be."""
    # The service did not queue such a request, or rolled it back.
    return not isinstance(error, (Overloaded, OwnerBusy))


def wait_before_retry(error: BaseException | None, tries: int) -> float:
    """Returns the seconds to wait after `error`, the outcome of the last of so many tries.

    It is random, so that clients which failed together do not return together, and is never less
    than the service has asked for.
    """
    asked = error.retry_after if isinstance(error, ClientError) else None
    backoff = min(_FIRST_WAIT * 2 ** min(tries - 1, 10), _LONGEST_WAIT)
    return (asked or 0) + random.uniform(0, backoff)


def _give_up(state: RetryCallState) -> NoReturn:
    """Raises the error of the last try. If that got no answer, it says how many there were."""
    error = state.outcome.exception() if state.outcome is not None else None
    assert error is not None
    if isinstance(error, NoAnswer):
        error.tries, error.seconds = state.attempt_number, state.seconds_since_start or 0
    raise error
