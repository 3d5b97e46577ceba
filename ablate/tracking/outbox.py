"""What waits while the tracker does not answer: it never stops a training and loses nothing."""

import functools
import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from mlflow.exceptions import MlflowException

from ablate.databases import says_damaged
from ablate.errors import AblateError, StoreError, one_line, storage_failure
from ablate.tracking.address import hide

logger = logging.getLogger(__name__)
RETRY_AFTER_S, RETRY_AT_MOST_S = 15.0, 120.0  # doubled after every failure in a row
INSIST_AFTER_S = (1.0, 4.0)  # pauses between the last tries, when nothing else is left to do
DOWN = {"INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE", "IO_ERROR", "REQUEST_LIMIT_EXCEEDED"}


class Outbox:
    """Does jobs at once while the tracker answers, else later and in order.

    A failed job is done again from its start, so each must be harmless to repeat.

    Args:
        address: Of the tracker, for messages.
        repairs: Takes what the tracker refused, and returns whether the same job may now succeed.
    """

    def __init__(
        self, address: str, *, repairs: Callable[[MlflowException], bool] = lambda error: False
    ) -> None:
        self._address, self._repairs = address, repairs
        self.reason = ""  # why the last job failed
        self.failures = 0
        self._late: deque[Callable[[], object]] = deque()
        self._quiet_until = 0.0
        self._quiet_s = 0.0

    def __len__(self) -> int:
        return len(self._late)

    def attempt(self, job: Callable[[], object]) -> bool:
        """Do a job that may be left out, since a later one sends the same; return if done."""
        return self.drain() and self._try(job)

    def deliver(self, job: Callable[[], object]) -> None:
        """Do a job now, or keep it until the tracker answers."""
        self._late.append(job)
        self.drain()

    def insist(self, job: Callable[[], object]) -> None:
        """Do all that waits and then a job, trying again for some seconds.

        Raises:
            StoreError: The tracker is still away.
        """
        self.deliver(job)
        for pause_s in (*INSIST_AFTER_S, 0.0):
            if self.drain(now=True):
                return
            time.sleep(pause_s)
        raise StoreError(
            f"{self._address}: does not answer ({self.reason}); nothing is lost: start the same "
            "study again when it does, and the rest is sent"
        )

    def drain(self, *, now: bool = False) -> bool:
        """Do what waits; return whether the tracker answers and nothing is left.

        Args:
            now: Try even if the last failure is a moment ago.
        """
        if not now and time.monotonic() < self._quiet_until:
            return False
        while self._late:
            try:
                is_done = self._try(self._late[0])
            except Exception:
                self._late.popleft()  # a wrong call: it would stand in the way of all others
                raise
            if not is_done:
                return False
            self._late.popleft()
        return True

    def _try(self, job: Callable[[], object]) -> bool:
        try:
            try:
                job()
            except MlflowException as error:
                if is_down(error) or not self._repairs(error):
                    raise
                job()
        except (MlflowException, OSError) as error:
            if said := says_damaged(error):
                raise StoreError(f"{self._address}: {said}") from error
            if storage_failure(error) or not is_down(error):
                raise
            self.reason = one_line(hide(str(error).split("\n", 1)[0]), longest=200)
            self.failures += 1
            self._quiet_s = min(2 * self._quiet_s or RETRY_AFTER_S, RETRY_AT_MOST_S)
            self._quiet_until = time.monotonic() + self._quiet_s
            logger.warning(
                "the tracker does not answer (%s); training goes on; %d finished runs wait",
                self.reason,
                len(self._late),
            )
            return False
        self._quiet_until = self._quiet_s = 0.0
        return True


class Sender(Protocol):
    """What sends through an outbox; the decorators below are for its methods."""

    outbox: Outbox


P = ParamSpec("P")
S = TypeVar("S", bound=Sender)


def delivered(send: Callable[Concatenate[S, P], None]) -> Callable[Concatenate[S, P], None]:
    """Send now, or, while the tracker does not answer, later and in order."""

    @functools.wraps(send)
    def call(sender: S, /, *args: P.args, **kwargs: P.kwargs) -> None:
        sender.outbox.deliver(functools.partial(send, sender, *args, **kwargs))

    return call


def attempted(send: Callable[Concatenate[S, P], None]) -> Callable[Concatenate[S, P], bool]:
    """Send now and return True, or do nothing and return False: a later call sends the same."""

    @functools.wraps(send)
    def call(sender: S, /, *args: P.args, **kwargs: P.kwargs) -> bool:
        return sender.outbox.attempt(functools.partial(send, sender, *args, **kwargs))

    return call


def insisted(send: Callable[Concatenate[S, P], None]) -> Callable[Concatenate[S, P], None]:
    """Send now, all that waits first; raise StoreError where the tracker is still away."""

    @functools.wraps(send)
    def call(sender: S, /, *args: P.args, **kwargs: P.kwargs) -> None:
        sender.outbox.insist(functools.partial(send, sender, *args, **kwargs))

    return call


def is_down(error: Exception) -> bool:
    """Return whether an error says that the tracker is away, not that the call was wrong."""
    if isinstance(error, MlflowException):
        return error.error_code in DOWN
    return isinstance(error, OSError) and not isinstance(error, AblateError)
