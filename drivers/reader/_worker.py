"""A thread that makes calls which may never return, so that whoever asked waits no longer than it can afford."""

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Done(Generic[_T]):
    value: _T


@dataclass(frozen=True, slots=True)
class _Later:
    due: float
    job: Callable[[], object]


class Worker:
    """One thread, one job at a time, in the order in which they were asked for.

    A job that stalls holds up the later ones, and nothing can be done about that from outside: PC/SC has no timeout.
    The thread is a daemon, so it does not hold up the end of the process.
    """

    def __init__(self, name: str) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], object] | _Later | None] = queue.SimpleQueue()
        self._later: list[_Later] = []
        self.doing: object = None  # the job that is being done
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def call(self, job: Callable[[], _T], seconds: float) -> _T:
        """Have the job done and return what it returned, or raise what it raised.

        Raises:
            TimeoutError: it is not done by then; it may still be one day.
        """
        outcome: queue.SimpleQueue[_Done[_T] | BaseException] = queue.SimpleQueue()

        def run() -> None:
            try:
                outcome.put(_Done(job()))
            except BaseException as error:  # noqa: BLE001 - it belongs to the thread that asked
                outcome.put(error)

        self._jobs.put(run)
        try:
            done = outcome.get(timeout=seconds)
        except queue.Empty:
            raise TimeoutError from None
        if isinstance(done, BaseException):
            raise done
        return done.value

    def post(self, job: Callable[[], object]) -> None:
        """Have the job done some time, without waiting for it. It must not raise."""
        self._jobs.put(job)

    def post_later(self, job: Callable[[], object], seconds: float) -> None:
        """Have the job done after that time, or somewhat later if another takes long. It must not raise."""
        self._jobs.put(_Later(time.monotonic() + seconds, job))

    def end(self) -> None:
        """Let the thread end when its jobs are done."""
        self._jobs.put(None)

    def join(self, seconds: float) -> None:
        """Wait for the end of the thread, but not longer than that."""
        self._thread.join(seconds)

    def _run(self) -> None:
        while (job := self._next()) is not None:
            if isinstance(job, _Later):
                self._later.append(job)
            else:
                self.doing = job
                job()
                self.doing = None

    def _next(self) -> "Callable[[], object] | _Later | None":
        """Return what is asked for next, or what is due."""
        soonest = min(self._later, key=lambda later: later.due, default=None)
        try:
            return self._jobs.get(timeout=max(0.0, soonest.due - time.monotonic()) if soonest else None)
        except queue.Empty:
            assert soonest
            self._later.remove(soonest)
            return soonest.job
