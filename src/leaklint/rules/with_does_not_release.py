"""A `with` stands on something whose exit does not release it, or on a wrapper that does not close what it wraps.

Why: `with sqlite3.connect(...)` commits and leaves the connection open; `ZipFile(file)` leaves `file` open.

Bad:
    import sqlite3
    def first(path):
        with sqlite3.connect(path) as connection:  # LKR107
            return connection.execute("select 1").fetchone()

Good:
    import contextlib
    import sqlite3
    def first(path):
        with contextlib.closing(sqlite3.connect(path)) as connection, connection:
            return connection.execute("select 1").fetchone()

Fix: `contextlib.closing` around it (the old `with` stays, for what else it does); an item of its own for what is wrapped.
"""

from collections.abc import Iterator

from leaklint.analysis.extent import plan
from leaklint.analysis.facts import is_reportable
from leaklint.analysis.modules import ModuleFacts
from leaklint.model.finding import Finding
from leaklint.rules.rule import Rule
from leaklint.rules.wording import cure, finding, subject


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report what is acquired in the head of a with that leaves it open."""
    for one in module.obligations:
        if not is_reportable(one) or not one.is_entered_in_place or one.is_released_or_handed_on:
            continue
        if "returned" in one.history.exits or one.history.is_kept_by_with:
            wrapper = "its `with` does not release it" if one.history.is_kept_by_with else "the wrapper does not close it"
            yield finding(one, rule.code, f"{subject(one)}: {wrapper}; {cure(one)}", plan(one))


rule = Rule(
    "LKR107", "with-does-not-release", "`with` on something whose exit does not release it", "contextlib.closing", check
)
