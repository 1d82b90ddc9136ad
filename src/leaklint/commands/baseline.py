"""What `leaklint check` does with a baseline: says what of it is gone, and prunes it."""

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from leaklint.baseline.change import Seen, gone, without
from leaklint.baseline.file import entry_path, load, text_of
from leaklint.checking import Checked
from leaklint.commands.scope import Trouble, complain, counted
from leaklint.config import Config
from leaklint.model.data import replace
from leaklint.writing import write_text

SHOWN = 20  # lines about what is gone

Configs = Mapping[str, Config]


def report_gone(results: Sequence[Checked], configs: Configs, is_pruning: bool) -> None:
    """Say on stderr what of the baselines is gone, and take it out where that is asked for."""
    files = files_of(configs)
    if is_pruning and not files:
        raise Trouble("--prune-baseline: there is no baseline; name it with --baseline FILE")
    for file in files:
        old = load(file)
        missing = gone(old.findings, seen_in(results, configs, file), existence(file))
        if not missing:
            continue
        for one in missing[:SHOWN]:
            place = f" in {one.mark.function}" if one.mark.function else ""
            times = f" ({one.count} times)" if one.count > 1 else ""
            complain(f"{one.path}: {one.mark.code} gone: {one.mark.expression}{place}{times}")
        number, name = counted(sum(one.count for one in missing), "finding"), os.path.relpath(file)
        if is_pruning:
            write_text(file, text_of(replace(old, findings=without(old.findings, missing))))
            complain(f"{number} taken out of {name}")
        else:
            complain(f"note: {number} of {name} gone; --prune-baseline takes them out")


def files_of(configs: Configs) -> list[Path]:
    """Give the baselines of a run."""
    return sorted({config.baseline for config in configs.values() if config.baseline is not None})


def seen_in(results: Sequence[Checked], configs: Configs, file: Path) -> dict[str, Seen]:
    """Give what a run found in the files of one baseline, by their path in it."""
    found = {result.path: result for result in results if result.error is None and configs[result.path].baseline == file}
    return {
        entry_path(path, file): Seen(Counter(result.marks), _selection(configs[path], path)) for path, result in found.items()
    }


def _selection(config: Config, path: str) -> Callable[[str], bool]:
    return lambda code: config.is_selected(code, path)


def existence(file: Path) -> Callable[[str], bool]:
    """Give the test that says whether a path of a baseline is a file still."""
    return lambda path: (file.parent / path).exists()
