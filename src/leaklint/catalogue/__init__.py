"""What is known about libraries: which calls acquire what, what releases it, what a call does to its arguments.

The facts are data (data/SCHEMA.md), one TOML file per library, read when a name of that library is first asked for.
It knows nothing of syntax or flow.

    >>> from leaklint.catalogue import load
    >>> load().summary("io.open").acquires
    ('io.IOBase',)
"""

from leaklint.catalogue.loader import Catalogue, load
from leaklint.catalogue.schema import CatalogueError

__all__ = ["Catalogue", "CatalogueError", "load"]
