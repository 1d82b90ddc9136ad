"""The command line: arguments in, text and an exit status out (0 clean, 1 findings or files changed, 2 trouble)."""

import functools
import io
import os
import re
import sys
import tokenize
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import ParamSpec, TypeVar

import click

from leaklint import __version__, batch, progress
from leaklint.checking import Checked, check_file, check_source
from leaklint.config import Config, ConfigError, checked_codes, is_place, load_config
from leaklint.discovery import Discovery, discover
from leaklint.engine import Project
from leaklint.mending import Mended, mend_file, mend_source
from leaklint.model.source import SourceError, decode, parse
from leaklint.report import text
from leaklint.rules import PAGES

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T", Checked, Mended)
STDIN = "-"
HEADING = re.compile(r"(Why|Bad|Good|Fix):")


class Trouble(click.ClickException):
    """What the user must mend before anything can be said; one line on stderr, exit status 2."""

    exit_code = 2

    def show(self, file: object = None) -> None:
        """Print the line."""
        click.echo(f"leaklint: {self.message}", err=True)


def codes(_: click.Context, option: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    """Split code prefixes, separated by commas; fails where one is no code of ours."""
    if value is None:
        return None
    try:
        return checked_codes(tuple(part.strip() for part in value.split(",") if part.strip()), option.opts[0])
    except ConfigError as error:
        raise Trouble(str(error)) from None


@dataclass(frozen=True, slots=True)
class Scope:
    """What both `check` and `fix` are told: the files, and the findings that count."""

    paths: tuple[str, ...]
    select: tuple[str, ...] | None
    extend_select: tuple[str, ...] | None
    ignore: tuple[str, ...] | None
    exclude: tuple[str, ...]
    force_exclude: bool
    jobs: int | None
    stdin_filename: str


def scoped(command: Callable[P, R]) -> Callable[P, R]:
    """Add the arguments and options that make a Scope."""
    for add in reversed(
        (
            click.argument("paths", nargs=-1, type=click.Path()),
            click.option(
                "--select", metavar="CODES", callback=codes, help="Codes to report, such as LKR1,LKR201 [default: LKR]."
            ),
            click.option(
                "--extend-select", metavar="CODES", callback=codes, help="Codes to report besides; LKR9 adds advice."
            ),
            click.option("--ignore", metavar="CODES", callback=codes, help="Codes not to report."),
            click.option("--exclude", multiple=True, metavar="PATTERN", help="Files or directories to leave out, too."),
            click.option("--force-exclude", is_flag=True, help="Leave out excluded files even where they are named."),
            click.option("-j", "--jobs", type=click.IntRange(1), help="Processes [default: one per processor]."),
            click.option("--stdin-filename", metavar="NAME", default="stdin", help="What - is called in reports."),
        )
    ):
        command = add(command)
    return command


def troubled(command: Callable[P, R]) -> Callable[P, R]:
    """Turn the user's mistakes into one line and exit status 2."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except (ConfigError, batch.WorkerDied) as error:
            raise Trouble(str(error)) from None

    return run


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def main() -> None:
    """Find resources that are opened and never released, and rewrite the code that leaks them."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a file's name may be no text


@main.command()
@scoped
@click.option("--format", "form", type=click.Choice(["text", "json", "github"]), default="text", show_default=True)
@click.option("--statistics", is_flag=True, help="Count the findings of each code.")
@click.pass_context
@troubled
def check(ctx: click.Context, /, form: str, statistics: bool, **_: object) -> None:
    """Report the leaks in PATHS (- is standard input) [default: the configured src, or the current directory]."""
    scope = scope_of(ctx)
    if scope.paths == (STDIN,):
        results, has_trouble = [check_stdin(scope)], False
    else:
        found = discovered(scope)
        results, has_trouble = worked(check_file, found, scope, "Checking"), bool(found.troubles)
    show(results, form, statistics)
    has_trouble = has_trouble or any(result.error for result in results)
    ctx.exit(2 if has_trouble else 1 if any(result.findings for result in results) else 0)


@main.command()
@scoped
@click.option("--unsafe-fixes", is_flag=True, help="Also apply fixes that may change what the program does.")
@click.option("--diff", is_flag=True, help="Print a unified diff and write nothing.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 where something would change.")
@click.pass_context
@troubled
def fix(ctx: click.Context, /, unsafe_fixes: bool, diff: bool, check: bool, **_: object) -> None:
    """Rewrite the leaks in PATHS (- is standard input) [default: the configured src, or the current directory]."""
    scope = scope_of(ctx)
    if scope.paths == (STDIN,):
        results, has_trouble = [mend_stdin(scope, unsafe_fixes, is_printing=not (diff or check))], False
    else:
        found = discovered(scope)
        job = functools.partial(mend_file, unsafe=unsafe_fixes, is_writing=not (diff or check))
        results, has_trouble = worked(job, found, scope, "Fixing"), bool(found.troubles)
    if diff:
        click.echo("".join(result.diff for result in results), nl=False)
    show_mended(results, is_dry=diff or check, is_aside=diff or scope.paths == (STDIN,))
    has_trouble = has_trouble or any(result.error for result in results)
    ctx.exit(2 if has_trouble else 1 if any(result.fixed for result in results) else 0)


@main.command()
@click.argument("code")
def explain(code: str) -> None:
    """Print what the rule CODE finds, why that is wrong, and how it is mended."""
    page = next((page for page in PAGES if code.upper() in (page.code, page.name.upper())), None)
    if page is None:
        raise Trouble(f"no rule {code}; `leaklint rules` lists them all")
    click.secho(f"{page.code} {page.name}\n", bold=True)
    for line in page.documentation.strip().splitlines():
        click.secho(line, bold=HEADING.match(line) is not None)


@main.command()
def rules() -> None:
    """List the rules: code, name, what is found, and whether `leaklint fix` rewrites it."""
    width = max((len(page.name) for page in PAGES), default=0)
    for page in PAGES:
        click.echo(f"{page.code}  {page.name:{width}}  {page.summary} (fix: {page.fix})")


def scope_of(ctx: click.Context) -> Scope:
    """Gather the options that `scoped` added."""
    return Scope(**{field.name: ctx.params[field.name] for field in fields(Scope)})


def configured(scope: Scope) -> Callable[[Path], Config]:
    """Give the function that finds a path's configuration, with what the command line says on top."""

    @functools.cache
    def overridden(config: Config) -> Config:
        return replace(
            config,
            select=config.select if scope.select is None else scope.select,
            ignore=config.ignore if scope.ignore is None else scope.ignore,
            extend_select=(*config.extend_select, *(scope.extend_select or ())),
        )

    return lambda path: overridden(load_config(path))


def discovered(scope: Scope) -> Discovery:
    """Find the files, and say on stderr what is left out for a reason that the user does not expect."""
    if STDIN in scope.paths:
        raise Trouble("- (standard input) goes with no other path")
    paths = scope.paths or tuple(os.path.relpath(path) for path in load_config(Path()).src) or (os.curdir,)
    exclude = tuple(os.path.abspath(pattern) if is_place(pattern) else pattern for pattern in scope.exclude)
    found = discover(paths, configured(scope), exclude, scope.force_exclude)
    for trouble in found.troubles:
        click.echo(trouble, err=True)
    if found.notebooks:
        click.echo(f"note: {counted(found.notebooks, 'notebook')} skipped; leaklint reads Python files only", err=True)
    if not found.files and not found.troubles:
        click.echo("note: no Python files found", err=True)
    return found


def worked(job: batch.Job[T], found: Discovery, scope: Scope, what: str) -> list[T]:
    """Do a job on every file that was found, and give the results in their order."""
    chunks = batch.run(job, [*found.files.items()], scope.jobs)
    places = {path: place for place, path in enumerate(found.files)}
    return sorted(progress.shown(chunks, len(places), what), key=lambda result: places[result.path])


def check_stdin(scope: Scope) -> Checked:
    """Check standard input under the configuration of the name it is given."""
    name = scope.stdin_filename
    project = Project(configured(scope)(Path(name)))
    try:
        return check_source(parse(name, decode(name, sys.stdin.buffer.read())), project)
    except SourceError as error:
        return Checked(name, error=error)


def mend_stdin(scope: Scope, unsafe: bool, is_printing: bool) -> Mended:
    """Mend standard input, and print the result in the encoding that it came in."""
    name = scope.stdin_filename
    project = Project(configured(scope)(Path(name)))
    data = sys.stdin.buffer.read()
    try:
        result = mend_source(parse(name, decode(name, data)), project, unsafe=unsafe)
    except SourceError as error:
        return Mended(name, error=str(error))
    if is_printing:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        sys.stdout.buffer.write(result.text.encode(encoding))
        sys.stdout.buffer.flush()
    return result


def show_mended(results: Sequence[Mended], is_dry: bool, is_aside: bool) -> None:
    """Print what was fixed, what was not and why; `is_aside` where stdout belongs to a diff or a file."""
    for result in results:
        if result.error:
            click.echo(result.error, err=True)
    would = "would be " if is_dry else ""
    lines = [f"{result.path}: {len(result.fixed)} {would}fixed" for result in results if result.fixed]
    for result in results:
        for found, why in result.left:
            place = f"{result.path}:{found.span.line}:{found.span.column + 1}"
            lines.append(f"{place}: {found.code} not fixed: {why}")
    fixed = [len(result.fixed) for result in results if result.fixed]
    left = sum(len(result.left) for result in results)
    lines.append(f"{counted(sum(fixed), 'finding')} {would}fixed in {counted(len(fixed), 'file')}, {left} not fixed")
    click.echo("\n".join(lines), err=is_aside)


def counted(number: int, noun: str) -> str:
    """Give a number with its noun."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def show(results: Sequence[Checked], form: str, statistics: bool) -> None:
    """Print the findings to stdout and what could not be analysed to stderr."""
    errors = [result.error for result in results if result.error]
    for error in errors:
        click.echo(str(error), err=True)
    findings = [(result.path, found) for result in results for found in result.findings]
    if form == "json":
        from leaklint.report import json

        click.echo(json.document(findings, errors))
    elif form == "github":
        from leaklint.report import github

        print_lines(line for result in results for line in github.lines(result.path, result.findings))
    elif sys.stdout.isatty():
        show_frames(results)
    else:
        print_lines(line for result in results for line in text.lines(result.path, result.findings))
    if statistics and form != "json":
        print_lines(text.statistics((found for _, found in findings), {page.code: page.name for page in PAGES}))


def show_frames(results: Iterable[Checked]) -> None:
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


def print_lines(lines: Iterable[str]) -> None:
    """Print lines to stdout."""
    click.echo("".join(f"{line}\n" for line in lines), nl=False)
