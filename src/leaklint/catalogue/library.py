"""One file of the catalogue (or a user's tables) in memory: its entries by name, and the words that reach them."""

import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from leaklint.catalogue import contributed, schema
from leaklint.model.data import dataclass, field
from leaklint.model.resource import Effect, Resource, Summary, With

DATA = Path(__file__).with_name("data")
BUILTINS = "builtins"
CALL = "__call__"


@dataclass(frozen=True, slots=True)
class Library:
    """The entries of one file as written: nothing is inherited or resolved yet. `constructors` are keyed by class."""

    resources: Mapping[str, Resource] = field(default_factory=dict)
    constructors: Mapping[str, Summary] = field(default_factory=dict)
    summaries: Mapping[str, Summary] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)  # other dotted name -> the name it is written under
    parameters: Mapping[str, str] = field(default_factory=dict)  # conventional parameter -> type
    receivers: Mapping[str, str] = field(default_factory=dict)  # conventional name of an object -> type
    computed: Mapping[str, frozenset[str]] = field(default_factory=dict)  # resource -> attributes that die with it
    titles: Mapping[str, str] = field(default_factory=dict)  # name -> how messages call its table

    def words(self) -> frozenset[str]:
        """Give the last segments of the callables here that acquire, by every name they have."""
        dull = {
            name for name, one in self.resources.items() if one.only_in_fixtures and one.opened_by
        }  # its opener is the word
        acquiring = {
            name for name, summary in self._calls() if _can_acquire(summary) and not dull.intersection(summary.acquires)
        }
        names = acquiring | {alias for alias, name in self.aliases.items() if name in acquiring or name not in self}
        return frozenset(name.rpartition(".")[2] for name in names) - {CALL} | self.makers()

    def makers(self) -> frozenset[str]:
        """Give the last segments of the types here whose objects acquire when they are called (`sessionmaker(...)()`)."""
        acquiring = (name for name, summary in self._calls() if _can_acquire(summary))
        types = {name.rpartition(".")[0] for name in acquiring if name.endswith(f".{CALL}")}
        names = types | {alias for alias, name in self.aliases.items() if name in types}
        return frozenset(name.rpartition(".")[2] for name in names)

    def loop_words(self) -> frozenset[str]:
        """Give the last segments of the callables here that are about event loops and tasks, by every name they have."""
        about = {name for name, summary in self.summaries.items() if summary.is_about_loops}
        names = about | {alias for alias, name in self.aliases.items() if name in about}
        return frozenset(name.rpartition(".")[2] for name in names)

    def async_releases(self) -> frozenset[str]:
        """Give the coroutine methods that release something here."""
        return frozenset(one for resource in self.resources.values() for one in resource.async_releases)

    def entered_async(self) -> frozenset[str]:
        """Give the last segments of what is no resource here, and can only be entered by `async with`."""
        found = {name for name, one in self.resources.items() if one.silent and one.async_with is With.RELEASES}
        found |= {name for name, one in self.summaries.items() if one.returns in found}
        return frozenset(name.rpartition(".")[2] for name in found)

    def references(self) -> frozenset[str]:
        """Give the top-level modules that the entries here lead to."""
        names = {name for _, summary in self._calls() for name in _types(summary)}
        names.update(name for resource in self.resources.values() for name in resource.extends)
        names.update(self.aliases.values())
        return frozenset(name.partition(".")[0] for name in names)

    def merged(self, other: "Library") -> "Library":
        """Give a library with the entries of both; the other's win."""
        return Library(
            {**self.resources, **other.resources},
            {**self.constructors, **other.constructors},
            {**self.summaries, **other.summaries},
            {**self.aliases, **other.aliases},
            {**self.parameters, **other.parameters},
            {**self.receivers, **other.receivers},
            {**self.computed, **other.computed},
            {**self.titles, **other.titles},
        )

    def __contains__(self, name: str) -> bool:
        return name in self.resources or name in self.summaries

    def _calls(self) -> Iterator[tuple[str, Summary]]:
        yield from self.constructors.items()
        yield from self.summaries.items()


EMPTY = Library()


@cache
def words(module: str) -> frozenset[str]:
    """Give the words of a module's library."""
    return shipped(module).words()


@cache
def makers(module: str) -> frozenset[str]:
    """Give the words of a module's library that make what acquires when it is called."""
    return shipped(module).makers()


@cache
def references(module: str) -> frozenset[str]:
    """Give the top-level modules that a module's library leads to."""
    return shipped(module).references()


@cache
def loop_words(module: str) -> frozenset[str]:
    """Give the words of event loops in a module's library."""
    return shipped(module).loop_words()


@cache
def async_releases(module: str) -> frozenset[str]:
    """Give the coroutine methods that release something of a module's library."""
    return shipped(module).async_releases()


@cache
def shipped(module: str) -> Library:
    """Give the library of a top-level module, empty where there is none: ours, or what an installed library ships."""
    path = _files().get(module)
    if path is not None:
        return read(path)
    if module in sys.stdlib_module_names or not module.isidentifier():
        return EMPTY
    path = contributed.files().get(module)
    return EMPTY if path is None else _sound(path, module)


def modules() -> tuple[str, ...]:
    """Give the top-level modules that have a file."""
    return tuple(_files())


def paths() -> list[Path]:
    """Give the files: those of the standard library's modules first, each half in the order of the alphabet."""
    return [path for folder in (DATA / "stdlib", DATA) for path in sorted(folder.glob("*.toml"), key=_by_letter)]


def read(path: Path, place: str | None = None) -> Library:
    """Read a file of entries, which messages call by its place; raises CatalogueError."""
    place = place or path.name
    try:
        values: dict[str, object] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:  # no TOML, or no UTF-8
        raise schema.CatalogueError(f"{place}: {getattr(error, 'strerror', None) or error}") from None
    file = schema.Table(place, values)
    schema.reject_unknown(file, schema.FILE_KEYS)
    for key in ("library", "docs"):
        schema.text(file, key)
    library = build(
        schema.tables(values, "resource", place, "[[resource]]"),
        schema.tables(values, "summary", place, "[[summary]]"),
    )
    aliases = {**library.aliases, **schema.text_table(values, "aliases", place)}
    parameters = schema.text_table(values, "parameters", place)
    receivers = schema.text_table(values, "receivers", place)
    return library.merged(Library(aliases=aliases, parameters=parameters, receivers=receivers))


def build(resources: Iterable[schema.Table], summaries: Iterable[schema.Table]) -> Library:
    """Make a library of tables; raises CatalogueError."""
    kinds = {table.place: schema.read_resource(table) for table in resources}
    calls = {table.place: schema.read_summary(table) for table in summaries}
    aliases = {alias: entry.resource.name for entry in kinds.values() for alias in entry.aliases}
    aliases.update((alias, entry.summary.name) for entry in calls.values() for alias in entry.aliases)
    titles = {entry.resource.name: place for place, entry in kinds.items()}
    titles.update((entry.summary.name, place) for place, entry in calls.items())
    return Library(
        resources={entry.resource.name: entry.resource for entry in kinds.values()},
        constructors={entry.resource.name: entry.constructor for entry in kinds.values() if entry.constructor},
        summaries={entry.summary.name: entry.summary for entry in calls.values()},
        aliases=aliases,
        computed={entry.resource.name: entry.computed for entry in kinds.values() if entry.computed},
        titles=titles,
    )


def kinds_named(written: Library) -> Iterator[tuple[str, str, str]]:
    """Give the resources that tables name: how messages call the table, the key, and the name."""
    for resource in written.resources.values():
        yield from ((written.titles[resource.name], "extends", base) for base in resource.extends)
    for name, summary in (*written.constructors.items(), *written.summaries.items()):
        for kinds in (summary.acquires, (summary.contains,), *(variant.acquires or () for variant in summary.variants)):
            yield from ((written.titles[name], "acquires", kind) for kind in kinds if kind is not None)


def _sound(path: Path, module: str) -> Library:
    """Read what an installed library ships; where that is wrong, nobody who only lints can mend it, so it counts as nothing."""
    try:
        written = read(path)
    except schema.CatalogueError:
        return EMPTY
    for _, _, kind in kinds_named(written):
        root = kind.partition(".")[0]
        if not _has(written if root == module else shipped(root) if root in _files() else EMPTY, kind):
            return EMPTY
    return written


def _has(entries: Library, kind: str) -> bool:
    return kind in entries.resources or kind in entries.aliases


@cache
def _files() -> Mapping[str, Path]:
    return {path.stem: path for folder in (DATA / "stdlib", DATA) for path in folder.glob("*.toml")}


def _by_letter(path: Path) -> str:
    return path.stem.lower()


def _can_acquire(summary: Summary) -> bool:
    return (
        any(summary.acquires)
        or summary.contains is not None
        or any(variant.acquires for variant in summary.variants)
        or Effect.OPENS in summary.effects.values()
    )


def _types(summary: Summary) -> Iterator[str]:
    for kinds in (summary.acquires, *(variant.acquires or () for variant in summary.variants)):
        yield from (kind for kind in kinds if kind is not None)
    for name in (summary.returns, summary.yields, summary.contains):
        if name is not None:
            yield name
