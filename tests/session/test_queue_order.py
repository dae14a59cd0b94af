"""The queue in its order: what waits is told, can be put first, and can be taken out."""

from __future__ import annotations

import threading

from workbench.session import Job, JobQueue


def test_a_job_that_is_hastened_is_the_next_and_one_that_is_cancelled_never_begins() -> None:
    began: list[str] = []
    go = threading.Event()
    queue = JobQueue(lambda job: None)

    def job(name: str) -> Job[None]:
        def work(_: object) -> None:
            began.append(name)
            go.wait(60)

        return queue.submit(Job(name, "training", work))

    running, *waiting = (job(name) for name in ("a", "b", "c", "d"))
    while not began:
        threading.Event().wait(0.001)
    assert queue.waiting == tuple(waiting)
    queue.hasten(waiting[2])
    assert [one.title for one in queue.waiting] == ["d", "b", "c"]
    waiting[0].cancel()
    assert [one.title for one in queue.waiting] == ["d", "c"]
    queue.hasten(waiting[0])
    queue.hasten(running)
    assert [one.title for one in queue.waiting] == ["d", "c"]
    go.set()
    queue.close()
    queue.join()
    assert began[0] == "a"
    assert "b" not in began


def test_imports_are_not_in_the_way_of_trainings() -> None:
    go = threading.Event()
    queue = JobQueue(lambda job: None)
    for lane in ("training", "importing"):
        for _ in range(2):
            queue.submit(Job(lane, lane, lambda job: go.wait(60)))  # type: ignore[arg-type]
    while len([job for job in queue.jobs if job.status == "running"]) < 2:
        threading.Event().wait(0.001)
    assert [job.lane for job in queue.waiting] == ["training"]
    go.set()
    queue.close()
    queue.join()
