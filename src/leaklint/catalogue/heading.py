"""The head of a catalogue file: what library it describes, what that is installed from, and what a machine verified.

It knows nothing of the entries; linting never reads it.

    verified = { version = "2.4", date = "2026-11-23" }
"""

import datetime
import tomllib
from collections.abc import Mapping
from pathlib import Path

from leaklint.catalogue import schema
from leaklint.catalogue.library import DATA
from leaklint.model.data import dataclass, field

VERIFIED_KEYS = frozenset({"version", "date"})


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands at the top of a file. `packages` are requirements as pip takes them; a file may name none."""

    path: Path
    module: str  # the top-level one that the entries begin with
    library: str
    packages: tuple[str, ...] = ()
    version: str | None = None  # that the entries agreed with
    date: str | None = None  # of that, as YYYY-MM-DD
    unseen: Mapping[str, str] = field(default_factory=dict)  # what introspection does not show -> why
    hidden: Mapping[str, str] = field(default_factory=dict)  # see leaklint.catalogue.hidden

    @property
    def is_standard(self) -> bool:
        """Say whether it is a module of the standard library."""
        return self.path.parent == DATA / "stdlib"


def read_heading(path: Path) -> Heading:
    """Read the head of a catalogue file; raises CatalogueError."""
    values: dict[str, object] = tomllib.loads(path.read_text(encoding="utf-8"))
    file = schema.Table(path.name, values)
    module = _module(values) or path.stem
    library = schema.text(file, "library")
    verified = schema.Table(f"{path.name}: verified", dict(_table(file, "verified")))
    schema.reject_unknown(verified, VERIFIED_KEYS)
    packages = schema.texts(file, "packages")
    return Heading(
        path,
        module,
        library or module,
        packages or ((library,) if library else ()),
        schema.text(verified, "version"),
        _date(verified),
        schema.text_table(values, "unseen", path.name),
        schema.text_table(values, "hidden", path.name),
    )


def _module(values: Mapping[str, object]) -> str | None:
    for key in ("resource", "summary"):
        for table in schema.tables(values, key, "", ""):
            name = table.values.get("name")
            if isinstance(name, str) and not name.startswith("*"):
                return name.partition(".")[0]
    return None


def _date(verified: schema.Table) -> str | None:
    date = schema.text(verified, "date")
    try:
        return None if date is None else datetime.date.fromisoformat(date).isoformat()
    except ValueError:
        raise schema.wrong(verified, "date", "a date such as 2026-11-23", date) from None


def _table(file: schema.Table, key: str) -> Mapping[str, object]:
    value = file.values.get(key, {})
    if not isinstance(value, dict):
        raise schema.wrong(file, key, 'a table such as { version = "2.4", date = "2026-11-23" }', value)
    return value
