"""The storage thread: the only one that touches HDF5, fed with work and answering with futures."""

import queue
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from workbench.project.errors import ProjectClosed
from workbench.project.store import Store

T = TypeVar("T")


class StorageThread:
    """Runs work on a store, in the order in which it was given."""

    def __init__(self, name: str, open_store: Callable[[], Store], release: Callable[[], None]) -> None:
        """Start the thread and open the store on it.

        Parameters
        ----------
        name : str
            Of the project, for whoever lists threads.
        open_store : callable
            Its errors are raised here.
        release : callable
            Called on the thread when the store is closed, or could not be opened.
        """
        self._queue: queue.SimpleQueue[tuple[Future[Any], Callable[[Store], Any]] | None] = queue.SimpleQueue()
        self._closed = False
        self._gate = threading.Lock()
        opened: Future[None] = Future()
        self._thread = threading.Thread(
            target=_run, args=(self._queue, open_store, release, opened), name=f"storage of {name}", daemon=True
        )
        self._thread.start()
        opened.result()

    def submit(self, work: Callable[[Store], T]) -> Future[T]:
        """Queue work; its result or exception arrives in the future."""
        future: Future[T] = Future()
        with self._gate:
            if self._closed:
                raise ProjectClosed("The project is closed; open it again to go on.")
            self._queue.put((future, work))
        return future

    def call(self, work: Callable[[Store], T]) -> T:
        """Run work and wait for it; must not be called from work, which would wait for itself."""
        if threading.current_thread() is self._thread:
            raise RuntimeError("Work on the storage thread must use the Reader or Transaction that it was given.")
        return self.submit(work).result()

    def close(self) -> None:
        """Finish the queued work, close the store, end the thread."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join()


def _run(
    tasks: "queue.SimpleQueue[tuple[Future[Any], Callable[[Store], Any]] | None]",
    open_store: Callable[[], Store],
    release: Callable[[], None],
    opened: Future[None],
) -> None:
    try:
        store = open_store()
    except BaseException as error:
        release()
        traceback.clear_frames(error.__traceback__)
        opened.set_exception(error)
        return
    opened.set_result(None)
    del opened
    while (task := tasks.get()) is not None:
        _answer(store, *task)
        del task
    try:
        store.close()
    finally:
        release()


def _answer(store: Store, future: Future[Any], work: Callable[[Store], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = work(store)
    except BaseException as error:
        traceback.clear_frames(error.__traceback__)  # h5py objects in there must not die on another thread
        future.set_exception(error)
    else:
        future.set_result(result)
