"""`leaklint check`: the findings of a run, printed in one of the formats."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from leaklint.checking import Checked, check_file, check_source
from leaklint.commands.scope import STDIN, Scope, complain, configured, counted, discovered, worked
from leaklint.config import Config
from leaklint.engine import Project
from leaklint.model.source import SourceError, decode, parse


def run(scope: Scope, form: str = "text", statistics: bool = False, is_pruning: bool = False) -> int:
    """Check the files of a scope, print, and give the exit status; raises ConfigError, Trouble and WorkerDied."""
    results, configs, has_trouble = checked(scope)
    _show(results, form, statistics)
    if is_pruning or any(config.baseline for config in {*configs.values()}):
        from leaklint.commands.baseline import report_gone

        report_gone(results, configs, is_pruning)
    if has_trouble or any(result.error for result in results):
        return 2
    return 1 if any(result.findings for result in results) else 0


def checked(scope: Scope) -> tuple[list[Checked], dict[str, Config], bool]:
    """Check the files of a scope; give what came of each, its configuration, and whether some could not be looked at."""
    if scope.paths == (STDIN,):
        config = configured(scope)(Path(scope.stdin_filename))
        return [_check_stdin(scope.stdin_filename, config)], {scope.stdin_filename: config}, False
    found = discovered(scope)
    return worked(check_file, found, scope, "Checking"), found.files, bool(found.troubles)


def _check_stdin(name: str, config: Config) -> Checked:
    """Check standard input under the configuration of the name it is given."""
    project = Project(config)
    try:
        return check_source(parse(name, decode(name, sys.stdin.buffer.read())), project)
    except SourceError as error:
        return Checked(name, error=error)


def _show(results: Sequence[Checked], form: str, statistics: bool) -> None:
    """Print the findings to stdout and what could not be analysed to stderr; each format is loaded where it is used."""
    errors = [result.error for result in results if result.error]
    for error in errors:
        complain(error)
    findings = [(result.path, found) for result in results for found in result.findings]
    if form == "json":
        from leaklint.report import json

        _print([json.document(findings, errors)])
    elif form == "github":
        from leaklint.report import github

        _print(line for result in results for line in github.lines(result.path, result.findings))
    elif sys.stdout.isatty():
        _show_frames(results)
    elif findings:
        from leaklint.report import text

        _print(line for result in results for line in text.lines(result.path, result.findings))
    if statistics and form != "json":
        from leaklint.report import text
        from leaklint.rules.pages import PAGES

        _print(text.statistics((found for _, found in findings), {page.code: page.name for page in PAGES}))


def _show_frames(results: Iterable[Checked]) -> None:
    """Print the findings with their source lines, and a count."""
    from rich.console import Console

    from leaklint.report import terminal

    console = Console(highlight=False, soft_wrap=True)
    count = 0
    for result in results:
        for frame in terminal.frames(result.path, result.findings, result.text):
            console.print(frame)
            count += 1
    console.print(counted(count, "finding"), style="bold")


def _print(lines: Iterable[str]) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()  # here a reader that went away is noticed
