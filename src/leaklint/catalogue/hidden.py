"""What libraries keep open behind their users' backs: caches of the process, and the cure. Linting never reads it.

hidden = { what = "clients in a cache of the process", cure = "await mylib.aclose_all() at the end of the session" }
"""

import functools

from leaklint.catalogue import library, schema
from leaklint.catalogue.heading import read_heading
from leaklint.model.data import dataclass

KEYS = frozenset({"what", "cure"})


@dataclass(frozen=True, slots=True)
class Hidden:
    """What a library keeps open, and how its user closes it."""

    what: str
    cure: str


@functools.cache
def hidden_in(module: str) -> Hidden | None:
    """Give what a library keeps open that no caller owns, by its top-level module; raises CatalogueError."""
    for path in library.paths():
        if path.stem == module:
            written = read_heading(path).hidden
            schema.reject_unknown(schema.Table(f"{path.name}: hidden", dict(written)), KEYS)
            return Hidden(written.get("what", "a cache of the process"), written["cure"]) if "cure" in written else None
    return None
