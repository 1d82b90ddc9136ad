"""What a run is told, and what follows from it: the files, their configuration, and the work on each."""

import functools
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from leaklint import batch, progress
from leaklint.config import Config, is_place, load_config
from leaklint.discovery import Discovery, discover
from leaklint.model.data import dataclass, replace

STDIN = "-"


class Result(Protocol):
    """What came of one file."""

    @property
    def path(self) -> str:
        """The file, as the run calls it."""


T = TypeVar("T", bound=Result)


class Trouble(Exception):
    """What the user must mend before anything can be said; the message is one line."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What both `check` and `fix` are told: the files, and the findings that count."""

    paths: tuple[str, ...] = ()
    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()
    force_exclude: bool = False
    jobs: int | None = None
    stdin_filename: str = "stdin"
    baseline: str | None = None
    no_baseline: bool = False


def configured(scope: Scope) -> Callable[[Path], Config]:
    """Give the function that finds a path's configuration, with what the command line says on top."""

    @functools.cache
    def overridden(config: Config) -> Config:
        return replace(
            config,
            select=config.select if scope.select is None else scope.select,
            ignore=config.ignore if scope.ignore is None else scope.ignore,
            extend_select=(*config.extend_select, *(scope.extend_select or ())),
            baseline=None if scope.no_baseline else named or config.baseline,
        )

    named = Path(os.path.abspath(scope.baseline)) if scope.baseline else None
    return lambda path: overridden(load_config(path))


def discovered(scope: Scope) -> Discovery:
    """Find the files, and say on stderr what is left out for a reason that the user does not expect."""
    if STDIN in scope.paths:
        raise Trouble("- (standard input) goes with no other path")
    paths = scope.paths or tuple(os.path.relpath(path) for path in load_config(Path()).src) or (os.curdir,)
    exclude = tuple(os.path.abspath(pattern) if is_place(pattern) else pattern for pattern in scope.exclude)
    found = discover(paths, configured(scope), exclude, scope.force_exclude)
    for trouble in found.troubles:
        complain(trouble)
    if found.notebooks:
        complain(f"note: {counted(found.notebooks, 'notebook')} skipped; leaklint reads Python files only")
    if not found.files and not found.troubles:
        complain("note: no Python files found")
    return found


def worked(job: batch.Job[T], found: Discovery, scope: Scope, what: str) -> list[T]:
    """Do a job on every file that was found, and give the results in their order."""
    files = {config.baseline for config in {*found.files.values()} if config.baseline is not None}
    if files:
        from leaklint.baseline.file import load  # here: for its errors, and for all processes at once

        for file in files:
            load(file)
    chunks = batch.run(job, [*found.files.items()], scope.jobs)
    places = {path: place for place, path in enumerate(found.files)}
    return sorted(progress.shown(chunks, len(places), what), key=lambda result: places[result.path])


def counted(number: int, noun: str, one: str = "", many: str = "s") -> str:
    """Give a number with its noun, and the ending that goes with it."""
    return f"{number} {noun}{one if number == 1 else many}"


def complain(line: object) -> None:
    """Print a line to stderr."""
    print(line, file=sys.stderr)


def soften_streams() -> None:
    """Let stdout and stderr print every name of a file, even one that is no text."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
