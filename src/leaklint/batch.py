"""Work on many files, in this process or several. It knows how to share the work out, not what the work is.

Everything about processes is imported when they are started: it costs more than a small run.
"""

import gc
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

from leaklint.config import Config
from leaklint.engine import Project

T = TypeVar("T")
Job = Callable[[str, Project], T]
Numbered = tuple[str, int]  # a file and the number of its configuration

FEW = 16  # starting processes costs as much as some ten files
CHUNK = 24  # files between two reports
ENOUGH = 300_000  # objects that wait (about 60 MB) before garbage is collected: most runs end before
YOUNG = 5  # collections of what is new, before one of everything: what was in use then may be garbage now (15 MB each time)


class Stop(Protocol):
    """An event shared by the processes of a run."""

    def is_set(self) -> bool:
        """Say whether it has come."""


class WorkerDied(Exception):
    """A process ended without an answer: killed, or out of memory."""


_projects: list[Project] = []
_stopping: list[Stop] = []  # one, in a process of a run: set where the parent wants no more


def run(job: Job[T], files: Sequence[tuple[str, Config]], jobs: int | None) -> Iterator[list[T]]:
    """Do a job on every file and give the results chunk by chunk, as they come; `jobs` is the number of processes.

    Raises WorkerDied.
    """
    configs = list(dict.fromkeys(config for _, config in files))
    numbers = {config: number for number, config in enumerate(configs)}
    numbered = [(path, numbers[config]) for path, config in files]
    count = min(len(files), processors() if jobs is None else jobs)
    if count <= 1 or (jobs is None and len(files) < FEW):
        return _alone(job, numbered, configs)
    return _share(job, numbered, configs, count)


def processors() -> int:
    """Give the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _alone(job: Job[T], files: list[Numbered], configs: list[Config]) -> Iterator[list[T]]:
    projects = [Project(config) for config in configs]
    gc.freeze()
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        for chunk in _chunks(files, CHUNK):
            yield [job(path, projects[number]) for path, number in chunk]
            _collect()
    finally:
        if was_enabled:
            gc.enable()


def _share(job: Job[T], files: list[Numbered], configs: list[Config], count: int) -> Iterator[list[T]]:
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from concurrent.futures.process import BrokenProcessPool

    context = multiprocessing.get_context("fork" if sys.platform == "linux" else None)
    gc.freeze()  # what exists now is shared with the processes: no collection may touch it
    stopping = context.Event()
    with ProcessPoolExecutor(count, context, _start, (configs, stopping)) as executor:
        try:
            size = max(1, min(CHUNK, len(files) // (count * 4)))
            for future in as_completed([executor.submit(_work, job, chunk) for chunk in _chunks(files, size)]):
                yield future.result()
        except BrokenProcessPool:
            raise WorkerDied("a process died: killed, or out of memory; try --jobs 1") from None
        finally:
            stopping.set()
            executor.shutdown(cancel_futures=True)  # waits: an interpreter that ends meanwhile finds its pipes closed


def _chunks(files: list[Numbered], size: int) -> Iterator[list[Numbered]]:
    return (files[start : start + size] for start in range(0, len(files), size))


def _start(configs: list[Config], stopping: Stop) -> None:
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides; a file under work is finished
    gc.disable()
    _projects[:] = [Project(config) for config in configs]
    _stopping[:] = [stopping]


def _work(job: Job[T], chunk: list[Numbered]) -> list[T]:
    results = [job(path, _projects[number]) for path, number in chunk if not _stopping[0].is_set()]
    _collect()
    return results


def _collect() -> None:
    """Collect garbage where enough of it waits, now and then also among what has survived before."""
    waiting, young, _ = gc.get_count()
    if waiting > ENOUGH:
        gc.collect(0 if young < YOUNG else 2)
