"""A progress bar for long runs, on a terminal only; rich is loaded when the first bar is due."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
PATIENCE = 1.5  # seconds before a bar is worth its flicker


def shown(chunks: Iterable[list[T]], total: int, what: str) -> Iterator[T]:
    """Give the items of the chunks, and show on stderr how many of `total` there are yet."""
    if not sys.stderr.isatty():
        for chunk in chunks:
            yield from chunk
        return
    start, done = time.monotonic(), 0
    waiting = iter(chunks)
    for chunk in waiting:
        done += len(chunk)
        yield from chunk
        if time.monotonic() - start > PATIENCE:
            yield from _with_bar(waiting, total, done, what)


def _with_bar(chunks: Iterator[list[T]], total: int, done: int, what: str) -> Iterator[T]:
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task(what, total=total, completed=done)
        for chunk in chunks:
            yield from chunk
            progress.advance(bar, len(chunk))
