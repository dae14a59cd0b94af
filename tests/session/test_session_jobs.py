"""Jobs and their queue, with work made of events."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from workbench.errors import Cancelled, WorkbenchError
from workbench.session import Job, JobQueue, SessionError


@pytest.fixture
def told():
    return []


@pytest.fixture
def queue(told):
    queue = JobQueue(lambda job: told.append((job.title, job.status)))
    yield queue
    queue.close()
    queue.join()


def wait_until_cancelled(job):
    while not job.cancelled():
        threading.Event().wait(0.005)
    raise Cancelled


def test_jobs_of_a_lane_run_one_after_another_in_order(queue, told):
    order = []
    jobs = [queue.submit(Job(str(k), "training", lambda job, k=k: order.append(k) or k)) for k in range(20)]
    assert [job.result(10) for job in jobs] == list(range(20))
    assert order == list(range(20))
    for k in range(20):
        assert [status for title, status in told if title == str(k)] == ["queued", "running", "done"]


def test_an_import_does_not_wait_for_a_training(queue):
    training = queue.submit(Job("training", "training", wait_until_cancelled))
    assert queue.submit(Job("import", "importing", lambda job: 7)).result(10) == 7
    assert training.status in ("queued", "running")
    training.cancel()
    with pytest.raises(Cancelled):
        training.result(10)


def test_a_waiting_job_is_cancelled_at_once_and_never_runs(queue, told):
    ran = []
    first = queue.submit(Job("first", "training", wait_until_cancelled))
    second = queue.submit(Job("second", "training", ran.append))
    second.cancel()
    assert second.done()
    assert second.status == "cancelled"
    assert second not in queue.jobs
    first.cancel()
    third = queue.submit(Job("third", "training", lambda job: "ran"))
    assert third.result(10) == "ran"
    assert ran == []
    assert ("second", "running") not in told


def test_a_failed_job_tells_one_sentence_and_the_next_one_runs(queue):
    def fail(job):
        raise ValueError("The number 3 is too odd\nand more")

    failed = queue.submit(Job("Counting", "training", fail))
    with pytest.raises(SessionError) as caught:
        failed.result(10)
    assert str(caught.value) == "Counting failed: The number 3 is too odd."
    assert failed.status == "failed"
    assert queue.submit(Job("next", "training", lambda job: 1)).result(10) == 1


def test_an_error_meant_for_people_comes_through_as_it_is(queue):
    def fail(job):
        raise WorkbenchError("There is no such file: check the path.")

    with pytest.raises(WorkbenchError, match=r"^There is no such file: check the path\.$"):
        queue.submit(Job("x", "importing", fail)).result(10)


def test_a_closed_queue_cancels_what_is_there_and_takes_no_more(queue):
    running = queue.submit(Job("a", "training", wait_until_cancelled))
    waiting = queue.submit(Job("b", "training", lambda job: 1))
    queue.close()
    queue.join()
    assert (running.status, waiting.status) == ("cancelled", "cancelled")
    with pytest.raises(SessionError, match="closed"):
        queue.submit(Job("c", "training", lambda job: 1))


def test_result_with_a_timeout_says_that_the_job_is_still_running(queue):
    job = queue.submit(Job("long", "training", wait_until_cancelled))
    with pytest.raises(TimeoutError, match="'long' is still"):
        job.result(0.01)
    job.cancel()


@pytest.mark.skipif(sys.platform != "linux", reason="priorities of threads")
def test_jobs_have_low_priority_and_the_caller_keeps_its_own(queue):
    mine = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    its = queue.submit(
        Job("nice", "training", lambda job: os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
    ).result(10)
    assert its == 10
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == mine
