"""`leaklint fix`: the files of a run rewritten, and a summary of what was fixed, what was not and why."""

import functools
import sys
from collections.abc import Sequence
from pathlib import Path

from leaklint import batch
from leaklint.commands.scope import STDIN, Scope, complain, configured, counted, discovered, worked
from leaklint.discovery import Discovery
from leaklint.engine import Project
from leaklint.mending import Mended, mend_file, mend_source
from leaklint.model.data import replace
from leaklint.model.source import SourceError, decode, encoding_of, parse

ROUNDS = 5  # over all files, after the first


def run(scope: Scope, *, unsafe: bool, diff: bool, check: bool) -> int:
    """Rewrite the files of a scope, print, and give the exit status; raises ConfigError, Trouble and WorkerDied."""
    is_dry, is_stdin = diff or check, scope.paths == (STDIN,)
    if is_stdin:
        results, has_trouble = [_mend_stdin(scope, unsafe, is_printing=not is_dry)], False
    else:
        found = discovered(scope)
        job = functools.partial(mend_file, unsafe=unsafe, is_writing=not is_dry)
        results, has_trouble = _mended(job, found, scope, may_lead_on=unsafe and not is_dry), bool(found.troubles)
    if diff:
        sys.stdout.write("".join(result.diff for result in results))
    _show(results, is_dry, is_aside=diff or is_stdin)
    if has_trouble or any(result.error for result in results):
        return 2
    return 1 if any(result.fixed for result in results) else 0


def _mended(job: batch.Job[Mended], found: Discovery, scope: Scope, may_lead_on: bool) -> list[Mended]:
    """Mend files: a class that is given a release method in one of them shows leaks in those that use it."""
    results = latest = worked(job, found, scope, "Fixing")
    for _ in range(ROUNDS if may_lead_on else 0):
        if not any(one.fixed for one in latest):
            break
        latest = worked(job, found, scope, "Fixing")
        results = [replace(new, fixed=old.fixed + new.fixed) for old, new in zip(results, latest, strict=True)]
    return results


def _mend_stdin(scope: Scope, unsafe: bool, is_printing: bool) -> Mended:
    """Mend standard input, and print the result in the encoding that it came in."""
    name = scope.stdin_filename
    project = Project(configured(scope)(Path(name)))
    data = sys.stdin.buffer.read()
    try:
        result = mend_source(parse(name, decode(name, data)), project, unsafe=unsafe)
    except SourceError as error:
        return Mended(name, error=str(error))
    if is_printing:
        sys.stdout.buffer.write(result.text.encode(encoding_of(data)))
        sys.stdout.buffer.flush()
    return result


def _show(results: Sequence[Mended], is_dry: bool, is_aside: bool) -> None:
    """Print the summary; `is_aside` where stdout belongs to a diff or a file."""
    for result in results:
        if result.error:
            complain(result.error)
    would = "would be " if is_dry else ""
    lines = [f"{result.path}: {len(result.fixed)} {would}fixed" for result in results if result.fixed]
    for result in results:
        for found, why in result.left:
            place = f"{result.path}:{found.span.line}:{found.span.column + 1}"
            lines.append(f"{place}: {found.code} not fixed: {why}")
    fixed = [len(result.fixed) for result in results if result.fixed]
    left = sum(len(result.left) for result in results)
    lines.append(f"{counted(sum(fixed), 'finding')} {would}fixed in {counted(len(fixed), 'file')}, {left} not fixed")
    print("\n".join(lines), file=sys.stderr if is_aside else sys.stdout, flush=True)
