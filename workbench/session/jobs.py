"""Background work: a job, and the queue that gives each lane one thread; what a job does is not known here."""

from __future__ import annotations

import threading
import traceback
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, Literal, TypeVar

from workbench.errors import Cancelled, WorkbenchError
from workbench.priority import lower_priority
from workbench.session.errors import SessionClosed, SessionError

T = TypeVar("T")
JobStatus = Literal["queued", "running", "done", "failed", "cancelled"]
Lane = Literal["training", "importing"]
LANES: tuple[Lane, ...] = ("training", "importing")


class Job(Generic[T]):
    """One piece of background work.

    Attributes
    ----------
    title : str
    lane : {"training", "importing"}
    status : {"queued", "running", "done", "failed", "cancelled"}
    progress : float or None
        0 to 1 while running; None when it cannot be told.
    error : str
        One sentence once it failed, else "".
    """

    def __init__(self, title: str, lane: Lane, work: Callable[[Job[T]], T], cancel: Callable[[], None] | None = None):
        self.title = title
        self.lane = lane
        self.status: JobStatus = "queued"
        self.progress: float | None = None
        self.error = ""
        self._work: Callable[[Job[T]], T] | None = work  # let go of once done, with all that it holds
        self._on_cancel = cancel
        self._lock = threading.Lock()
        self._cancelled = threading.Event()
        self._done = threading.Event()
        self._changed: Callable[[Job[Any]], None] = lambda job: None
        self._outcome: T | None = None
        self._exception: BaseException | None = None

    def __repr__(self) -> str:
        return f"Job({self.title!r}, {self.status})"

    def cancel(self) -> None:
        """Ask for the end; a job that waits ends at once, one that runs within 200 ms, one that is done stays so."""
        with self._lock:
            self._cancelled.set()
            waited = self.status == "queued"
            if waited:
                self.status = "cancelled"
                self._exception = Cancelled()
        if self._on_cancel is not None:
            self._on_cancel()
        if waited:
            self._settle()

    def cancelled(self) -> bool:
        """Whether the end was asked for: what the work polls."""
        return self._cancelled.is_set()

    def report(self, fraction: float) -> None:
        """Let the work tell how far it is."""
        self.progress = fraction

    def done(self) -> bool:
        """Whether it has ended, well or not."""
        return self._done.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end, at most `timeout` seconds; whether it has come."""
        return self._done.wait(timeout)

    def result(self, timeout: float | None = None) -> T:
        """What the work gave, once it is done.

        Raises
        ------
        Cancelled
            If it was cancelled.
        WorkbenchError
            If it failed, with the reason.
        TimeoutError
            If `timeout` seconds were not enough.
        """
        if not self.wait(timeout):
            raise TimeoutError(f"'{self.title}' is still {self.status} after {timeout:g} s.")
        if self._exception is not None:
            raise self._exception
        return self._outcome  # type: ignore[return-value]

    def run(self) -> None:
        """Do the work on this thread, unless it was cancelled or done before."""
        with self._lock:
            work, self._work = self._work, None
            if self.status != "queued" or work is None:
                return
            self.status = "running"
        self._changed(self)
        try:
            self._outcome = work(self)
            self.status = "done"
        except Cancelled as error:
            self._exception, self.status = error, "cancelled"
        except WorkbenchError as error:
            self._exception, self.status, self.error = error, "failed", str(error)
        except Exception as error:
            self.error = f"{self.title} failed: {one_sentence(error)}"
            self._exception, self.status = SessionError(self.error), "failed"
            self._exception.__cause__ = error
        del work
        self._settle()

    def _settle(self) -> None:
        error: BaseException | None = self._exception
        while error is not None:
            traceback.clear_frames(error.__traceback__)  # data in their variables would stay as long as the job
            error = error.__cause__
        self._done.set()
        self._changed(self)


class JobQueue:
    """Runs jobs in order, one at a time in each lane, on a thread of low priority that lives while there is work.

    Thread-safe. `changed(job)` is called after every change of a job's status, on the thread that made it.
    """

    def __init__(self, changed: Callable[[Job[Any]], None]) -> None:
        self._changed = changed
        self._lock = threading.Lock()
        self._waiting: dict[Lane, deque[Job[Any]]] = {lane: deque() for lane in LANES}
        self._running: dict[Lane, Job[Any]] = {}
        self._threads: dict[Lane, threading.Thread] = {}  # the newest of each lane
        self._busy: set[Lane] = set()
        self._closed = False

    @property
    def jobs(self) -> tuple[Job[Any], ...]:
        """Those that run, then those that wait."""
        with self._lock:
            running = [self._running[lane] for lane in LANES if lane in self._running]
            waiting = [job for lane in LANES for job in self._waiting[lane] if job.status == "queued"]
        return (*running, *waiting)

    def submit(self, job: Job[T]) -> Job[T]:
        """Put `job` at the end of its lane; raises SessionError once the queue is closed."""
        job._changed = self._changed
        self._changed(job)
        with self._lock:
            if self._closed:
                raise SessionClosed("The project is closed; open it again to go on.")
            self._waiting[job.lane].append(job)
            if job.lane not in self._busy:
                self._busy.add(job.lane)
                thread = threading.Thread(target=self._work, args=(job.lane,), name=f"vqw-{job.lane}", daemon=True)
                self._threads[job.lane] = thread
                thread.start()
        return job

    @property
    def waiting(self) -> tuple[Job[Any], ...]:
        """Those that wait to train or to measure, in the order in which they will begin."""
        with self._lock:
            return tuple(job for job in self._waiting["training"] if job.status == "queued")

    def hasten(self, job: Job[Any]) -> None:
        """Let a job that waits be the next of its lane; any other stays as it is."""
        with self._lock:
            waiting = self._waiting[job.lane]
            if job not in waiting or job.status != "queued":
                return
            waiting.remove(job)
            waiting.appendleft(job)
        self._changed(job)

    def close(self) -> None:
        """Take no more jobs and cancel those there are; `join` waits for their end."""
        with self._lock:
            self._closed = True
        for job in self.jobs:
            job.cancel()

    def join(self) -> None:
        """Wait until no thread is left."""
        with self._lock:
            threads = list(self._threads.values())
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join()

    def _work(self, lane: Lane) -> None:
        lower_priority()
        while True:
            with self._lock:
                self._running.pop(lane, None)
                if not self._waiting[lane]:
                    self._busy.discard(lane)
                    return
                job = self._running[lane] = self._waiting[lane].popleft()
            job.run()


def one_sentence(error: BaseException) -> str:
    """The first line of what `error` says, ended like a sentence; its kind where it says nothing."""
    if isinstance(error, MemoryError):
        return "there is not enough memory for it; use fewer rows, features or prototypes."
    lines = str(error).strip().splitlines()
    text = lines[0].strip() if lines else f"an error of the kind {type(error).__name__} without further words"
    return text if text.endswith((".", "!", "?")) else text + "."
