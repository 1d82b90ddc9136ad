"""`leaklint check --write-baseline`: what a run finds goes into the baseline."""

import os
from pathlib import Path

from leaklint.baseline.change import renewed
from leaklint.baseline.file import Baseline, load, text_of
from leaklint.commands.baseline import existence, files_of, seen_in
from leaklint.commands.check import checked
from leaklint.commands.scope import Scope, Trouble, complain, configured, counted
from leaklint.config import load_config
from leaklint.model.data import replace
from leaklint.writing import write_text

USUAL = "leaklint-baseline.json"


def write(scope: Scope) -> int:
    """Write what the files of a scope hold into their baselines, and give the exit status."""
    named = _named(scope)
    results, configs, has_trouble = checked(named)
    for file in files_of(configs):
        old = load(file)
        findings = renewed(old.findings, seen_in(results, configs, file), existence(file))
        write_text(file, text_of(replace(old, findings=findings)))
        number = sum(sum(marks.values()) for marks in findings.values())
        complain(f"{counted(number, 'finding')} in {os.path.relpath(file)}")
        if scope.baseline is None and load_config(Path()).baseline is None:
            complain(f'note: to have it honoured, put `baseline = "{file.name}"` below [tool.leaklint] in pyproject.toml')
    errors = [result.error for result in results if result.error]
    for error in errors:
        complain(error)
    return 2 if has_trouble or errors else 0


def _named(scope: Scope) -> Scope:
    """Give the scope with a baseline, and make the file where there is none."""
    if scope.no_baseline:
        raise Trouble("--write-baseline goes with no --no-baseline")
    starts = [Path(path) for path in scope.paths if path != "-"] or [Path()]
    files = {configured(scope)(start).baseline for start in starts}
    if None in files:
        if len(files) > 1:
            raise Trouble("--write-baseline: some of the paths have no baseline; name it with --baseline FILE")
        config = load_config(starts[0])
        files = {(config.root if config.origin else Path.cwd()) / USUAL}
        scope = replace(scope, baseline=str(*files))
    for file in files:
        if file is not None and not file.exists():
            write_text(file, text_of(Baseline()))  # which the run then reads
    return scope
