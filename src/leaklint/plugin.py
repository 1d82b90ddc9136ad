"""The flake8 plugin. flake8 reads, parses, selects and silences; this only lints the tree it is given."""

import argparse
import ast
import functools
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flake8.exceptions import ExecutionError

from leaklint import __version__
from leaklint.checking import lint_named, unbaselined, uncollected
from leaklint.config import ADVICE, Config, ConfigError, load_config
from leaklint.engine import Project
from leaklint.model.finding import Finding
from leaklint.model.source import Source, SourceError
from leaklint.noqa import unsilenced

PREFIX = "LKR"
NOT_ANALYSED = "LKR000"  # the file could not be analysed though flake8 could parse it


class Plugin:
    """One file of a flake8 run."""

    name = "flake8-leaklint"
    version = __version__
    is_advising = False
    is_wanted = True

    def __init__(self, tree: ast.Module, filename: str, lines: list[str]) -> None:
        self.tree = tree
        self.filename = filename
        self.lines = lines

    @classmethod
    def parse_options(cls, options: argparse.Namespace) -> None:
        """Look at what is selected.

        flake8 takes `--select=LKR` for LKR9 as well, even against a default ignore: so advice is held back here,
        unless a prefix of at least LKR9 is selected.
        """
        gc.freeze()  # what is loaded now stays: no collection need look at it, here or in flake8's processes
        select: list[str] | None = options.select
        chosen = [*(select or ()), *(options.extend_select or ())]
        cls.is_advising = any(code.startswith(ADVICE) for code in chosen)
        cls.is_wanted = select is None or any(code.startswith(PREFIX) or PREFIX.startswith(code) for code in chosen)
        if cls.is_wanted:
            with _mistakes_as_errors():  # here, before flake8 starts processes that would all end with it
                for path in options.filenames:
                    _check_baseline(load_config(Path(path)))

    def run(self) -> Iterator[tuple[int, int, str, type["Plugin"]]]:
        """Give line, 0-based column and text of each finding."""
        if not self.is_wanted or self.filename.endswith(".pyi"):
            return
        try:
            with _mistakes_as_errors(), uncollected():
                project = _project(load_config(Path(self.filename)))
                findings = _new(Source(self.filename, "".join(self.lines), self.tree), project)
        except SourceError as error:
            yield max(error.line, 1), 0, f"{NOT_ANALYSED} {error.reason}", Plugin
            return
        for found in findings:
            if self.is_advising or not found.code.startswith(ADVICE):
                yield found.span.line, found.span.column, f"{found.code} {found.message}", Plugin


def _new(source: Source, project: Project) -> list[Finding]:
    """Give the findings that the baseline does not know. It knows none that a comment silences; flake8 judges those."""
    findings = lint_named(source, project)
    if project.config.baseline is None:
        return findings
    counted = unsilenced(findings, source.text)
    known = {id(found) for found in counted} - {id(found) for found in unbaselined(counted, source, project)}
    return [found for found in findings if id(found) not in known]


@contextmanager
def _mistakes_as_errors() -> Iterator[None]:
    """Let a mistake in the user's configuration end flake8 with one clear line."""
    try:
        yield
    except ConfigError as error:
        raise ExecutionError(f"leaklint: {error}") from None


def _check_baseline(config: Config) -> None:
    if config.baseline is not None and config.baseline.exists():  # while nothing is found, nobody misses it
        from leaklint.baseline.file import load

        load(config.baseline)


@functools.cache
def _project(config: Config) -> Project:
    return Project(config)
