"""The command line: arguments in, text and an exit status out (0 clean, 1 findings or files changed, 2 trouble)."""

import functools
import re
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import click

from leaklint import __version__
from leaklint.batch import WorkerDied
from leaklint.catalogue import CatalogueError
from leaklint.commands.check import run as run_check
from leaklint.commands.scope import Scope, Trouble, soften_streams
from leaklint.config import ConfigError, checked_codes
from leaklint.model.data import fields
from leaklint.writing import CannotWrite

P = ParamSpec("P")
R = TypeVar("R")
HEADING = re.compile(r"(Why|Bad|Good|Fix):")


class OneLine(click.ClickException):
    """What the user must mend; one line on stderr, exit status 2."""

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
        raise OneLine(str(error)) from None


def scoped(command: Callable[P, R]) -> Callable[P, R]:
    """Add the arguments and options that make a Scope."""
    for add in reversed(
        (
            click.argument("paths", nargs=-1, type=click.Path()),
            click.option(
                "--select", metavar="CODES", callback=codes, help="Codes to report, such as LKR1,LKR201 [default: LKR]."
            ),
            click.option("--extend-select", metavar="CODES", callback=codes, help="Codes to report besides; LKR9 adds advice."),
            click.option("--ignore", metavar="CODES", callback=codes, help="Codes not to report."),
            click.option("--exclude", multiple=True, metavar="PATTERN", help="Files or directories to leave out, too."),
            click.option("--force-exclude", is_flag=True, help="Leave out excluded files even where they are named."),
            click.option("-j", "--jobs", type=click.IntRange(1), help="Processes [default: one per processor]."),
            click.option("--baseline", metavar="FILE", help="Leave out the findings that FILE knows [default: as configured]."),
            click.option("--no-baseline", is_flag=True, help="Take the findings of the baseline as any other."),
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
        except (CannotWrite, CatalogueError, ConfigError, Trouble, WorkerDied) as error:
            raise OneLine(str(error)) from None

    return run


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def main() -> None:
    """Find resources that are opened and never released, and rewrite the code that leaks them."""
    soften_streams()


@main.command()
@scoped
@click.option("--format", "form", type=click.Choice(["text", "json", "github"]), default="text", show_default=True)
@click.option("--statistics", is_flag=True, help="Count the findings of each code.")
@click.option("--write-baseline", is_flag=True, help="Write what is found to the baseline, and report nothing.")
@click.option("--prune-baseline", is_flag=True, help="Take out of the baseline what is gone.")
@click.pass_context
@troubled
def check(ctx: click.Context, /, form: str, statistics: bool, write_baseline: bool, prune_baseline: bool, **_: object) -> None:
    """Report the leaks in PATHS (- is standard input) [default: the configured src, or the current directory]."""
    if write_baseline:
        from leaklint.commands.record import write

        ctx.exit(write(scope_of(ctx)))
    ctx.exit(run_check(scope_of(ctx), form, statistics, is_pruning=prune_baseline))


@main.command()
@scoped
@click.option("--unsafe-fixes", is_flag=True, help="Also apply fixes that may change what the program does.")
@click.option("--diff", is_flag=True, help="Print a unified diff and write nothing.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 where something would change.")
@click.pass_context
@troubled
def fix(ctx: click.Context, /, unsafe_fixes: bool, diff: bool, check: bool, **_: object) -> None:
    """Rewrite the leaks in PATHS (- is standard input) [default: the configured src, or the current directory]."""
    from leaklint.commands.fix import run

    ctx.exit(run(scope_of(ctx), unsafe=unsafe_fixes, diff=diff, check=check))


@main.command()
@click.argument("file", type=click.Path())
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--html", metavar="FILE", help="Also write a page with the source of every leak.")
@click.option("--write-filters", is_flag=True, help="Add filterwarnings for what third parties leak to pytest's configuration.")
@click.option("--write-baseline", is_flag=True, help="Write the leaks to the baseline.")
@click.option("--prune-baseline", is_flag=True, help="Take out of the baseline the leaks that are not in FILE.")
@click.pass_context
@troubled
def triage(
    ctx: click.Context,
    /,
    file: str,
    form: str,
    html: str | None,
    write_filters: bool,
    write_baseline: bool,
    prune_baseline: bool,
) -> None:
    """Say what becomes of each leak in FILE: the report of `pytest --leaklint-report=leaks.json`, or a log with warnings."""
    from leaklint.commands.triage import Wishes, run

    ctx.exit(run(file, Wishes(form, html, write_filters, write_baseline, prune_baseline)))


@main.command()
@click.argument("code")
def explain(code: str) -> None:
    """Print what the rule CODE finds, why that is wrong, and how it is mended."""
    from leaklint.rules.pages import PAGES  # loads the analysis, here and below

    page = next((page for page in PAGES if code.upper() in (page.code, page.name.upper())), None)
    if page is None:
        raise OneLine(f"no rule {code}; `leaklint rules` lists them all")
    click.secho(f"{page.code} {page.name}\n", bold=True)
    for line in page.documentation.strip().splitlines():
        click.secho(line, bold=HEADING.match(line) is not None)


@main.command()
def rules() -> None:
    """List the rules: code, name, what is found, and whether `leaklint fix` rewrites it."""
    from leaklint.rules.pages import PAGES

    width = max((len(page.name) for page in PAGES), default=0)
    for page in PAGES:
        click.echo(f"{page.code}  {page.name:{width}}  {page.summary} (fix: {page.fix})")


@main.group()
def catalogue() -> None:
    """What is known about libraries: list it, compare it with what is installed, propose more."""


@catalogue.command(name="list")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
@troubled
def list_libraries(ctx: click.Context, /, form: str) -> None:
    """List the libraries: the version they were verified against, the kinds that must be released, those that need not."""
    from leaklint.commands.catalogue import show_list

    ctx.exit(show_list(form))


@catalogue.command()
@click.argument("libraries", nargs=-1, metavar="[LIBRARY]...")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
@troubled
def verify(ctx: click.Context, /, libraries: tuple[str, ...], form: str) -> None:
    """Compare what is known of LIBRARY (or a file of entries) with what is installed [default: all that is installed]."""
    from leaklint.commands.catalogue import verify as run

    ctx.exit(run(libraries, form))


@catalogue.command()
@click.argument("package")
@click.option("--pyproject", is_flag=True, help="Print tables for pyproject.toml, not for a file of entries.")
@click.pass_context
@troubled
def scan(ctx: click.Context, /, package: str, pyproject: bool) -> None:
    """Propose entries for PACKAGE, installed or first-party: its classes that own resources, and the calls that open them."""
    from leaklint.commands.scan import scan as run

    ctx.exit(run(package, is_for_pyproject=pyproject))


def scope_of(ctx: click.Context) -> Scope:
    """Gather the options that `scoped` added."""
    return Scope(**{field.name: ctx.params[field.name] for field in fields(Scope)})
