"""Which leaks of a run the project's baseline does not know. It loads the linter's configuration."""

from pathlib import Path

from leaklint.baseline.leaks import new_leaks
from leaklint.config import load_config
from leaklint.model.leak import Leak, LeakReport


def unknown(report: LeakReport) -> tuple[Leak, ...]:
    """Give the leaks that the baseline of the report's root does not know, all where it has none; raises ConfigError."""
    file = load_config(Path(report.root)).baseline
    return report.leaks if file is None else new_leaks(report, file)
