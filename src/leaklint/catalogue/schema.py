"""How the catalogue's tables are written, and what is wrong with one that is not: text of TOML in, plain facts out.

It knows the shape of a table, not whether the names in it exist. data/SCHEMA.md says what each key means; a user writes
the same tables in pyproject.toml:

    [[tool.leaklint.resource]]
    name = "mylib.Channel"
    release = ["hang_up"]
    with = "releases"

    [[tool.leaklint.summary]]
    name = "mylib.dial"
    acquires = "mylib.Channel"
"""

from collections.abc import Callable, Iterator, Mapping

from leaklint.model.data import dataclass
from leaklint.model.resource import LOOP_BOUND, RUNS, Condition, Effect, Resource, Summary, Variant, With

Literal = bool | int | str | None

EFFECT_KEYS = {effect.value: effect for effect in Effect}
CALL_KEYS = frozenset({"parameters", "when", "since", "docs", *EFFECT_KEYS})
RESOURCE_KEYS = CALL_KEYS | {
    "name",
    "aliases",
    "label",
    "release",
    "release-async",
    "release-functions",
    "with",
    "async-with",
    "extends",
    "loop-bound",
    "variable",
    "closed",
    "none-after-release",
    "fails-after-release",
    "fails-released",
    "lazy",
    "data",
    "computed",
    "parts",
    "needs",
    "part-releases",
    "silent",
    "loop",
    "virtual",
    "path",
    "outlives",
    "exhausts",
    "only-in-fixtures",
    "with-target",
    "with-gives",
    "with-does-more",
    "waits",
    "drains",
    "given-through",
    "holds",
    "opened-by",
    "idle-until",
    "constructor",
    "ends-with-maker",
    "method-since",
}
SUMMARY_KEYS = CALL_KEYS | {
    "name",
    "aliases",
    "acquires",
    "returns",
    "yields",
    "contains",
    "coroutine",
    "linked",
    "swallows",
    "diverges",
    "runs-loop",
    "asks-loop",
    "needs-loop",
    "gives-task",
    "coroutines",
    "callbacks",
    "removed",
    "instead",
}
WHEN_KEYS = frozenset({"arguments", "acquires", "silent", "needs", *EFFECT_KEYS})
HEADING_KEYS = frozenset({"library", "docs", "packages", "verified", "unseen", "hidden"})
FILE_KEYS = HEADING_KEYS | {"resource", "summary", "aliases", "parameters", "receivers"}
CLOSED = "closed"  # as a constructor: what it makes is opened by a method
WITHS = (With.RELEASES.value, With.KEEPS.value)


class CatalogueError(Exception):
    """A table of the catalogue, ours or the user's, is written wrongly; the message is one line."""


@dataclass(frozen=True, slots=True)
class Table:
    """One TOML table under reading; `place` is how messages name it."""

    place: str
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ResourceEntry:
    """A resource as written: `resource` holds its own facts only, `constructor` what calling its name does.

    `computed` are attributes that its bases call data, and whose value means nothing once it is released.
    """

    resource: Resource
    constructor: Summary | None
    aliases: tuple[str, ...]
    computed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SummaryEntry:
    """A summary as written."""

    summary: Summary
    aliases: tuple[str, ...]


def read_resource(table: Table) -> ResourceEntry:
    """Read a `[[resource]]` table; raises CatalogueError."""
    reject_unknown(table, RESOURCE_KEYS)
    name = _name(table)
    text(table, "docs")
    resource = Resource(
        name=name,
        releases=frozenset(texts(table, "release")),
        async_releases=frozenset(texts(table, "release-async")),
        release_functions=frozenset(texts(table, "release-functions")),
        first_release=_first_release(table),
        drains=frozenset(texts(table, "drains")),
        sync_with=_with(table, "with"),
        async_with=_with(table, "async-with"),
        extends=texts(table, "extends"),
        loop_bound=_choice(table, "loop-bound", LOOP_BOUND),
        label=text(table, "label"),
        variable=text(table, "variable") or "resource",
        closed=frozenset(texts(table, "closed")),
        none_after_release=frozenset(texts(table, "none-after-release")),
        fails_after_release=frozenset(texts(table, "fails-after-release")),
        fails_released=frozenset(texts(table, "fails-released")),
        lazy=frozenset(texts(table, "lazy")),
        data=frozenset(texts(table, "data")),
        parts=texts(table, "parts"),
        needs=texts(table, "needs"),
        part_releases=_texts_by_text(table, "part-releases"),
        silent=text(table, "silent"),
        is_loop=flag(table, "loop"),
        ends_with_maker=flag(table, "ends-with-maker"),
        is_virtual=flag(table, "virtual"),
        is_path=flag(table, "path"),
        outlives=flag(table, "outlives"),
        exhausts=flag(table, "exhausts"),
        only_in_fixtures=flag(table, "only-in-fixtures"),
        given_through=frozenset(texts(table, "given-through")),
        holds=frozenset(texts(table, "holds")),
        opened_by=frozenset(texts(table, "opened-by")),
        idle_until=frozenset(texts(table, "idle-until")),
        with_does_more=flag(table, "with-does-more"),
        waits=text(table, "waits"),
        with_target=text(table, "with-target"),
        with_gives=text(table, "with-gives"),
        since=text(table, "since"),
        method_since=_texts_by_text(table, "method-since"),
    )
    _check_parts(table, resource)
    computed = frozenset(texts(table, "computed"))
    return ResourceEntry(resource, _constructor(table, resource), texts(table, "aliases"), computed)


def read_summary(table: Table) -> SummaryEntry:
    """Read a `[[summary]]` table; raises CatalogueError."""
    reject_unknown(table, SUMMARY_KEYS)
    text(table, "docs")
    acquires, is_tuple = _acquires(table)
    summary = Summary(
        name=_name(table),
        parameters=texts(table, "parameters"),
        acquires=acquires or (),
        is_tuple=is_tuple,
        returns=text(table, "returns"),
        yields=text(table, "yields"),
        contains=text(table, "contains"),
        effects=_effects(table),
        is_coroutine=flag(table, "coroutine"),
        is_linked=flag(table, "linked"),
        swallows=flag(table, "swallows"),
        diverges=flag(table, "diverges"),
        variants=_variants(table),
        since=text(table, "since"),
        runs_loop=_choice(table, "runs-loop", RUNS),
        asks_loop=flag(table, "asks-loop"),
        needs_loop=text(table, "needs-loop"),
        gives_task=flag(table, "gives-task"),
        coroutines=frozenset(texts(table, "coroutines")),
        callbacks=frozenset(texts(table, "callbacks")),
        removed=text(table, "removed"),
        instead=text(table, "instead"),
    )
    return SummaryEntry(summary, texts(table, "aliases"))


def tables(values: Mapping[str, object], key: str, place: str, title: str) -> Iterator[Table]:
    """Give the tables of an array of tables, each with the place that messages name."""
    array = values.get(key, [])
    if not isinstance(array, list):
        raise CatalogueError(f"{place}: {title}: expected an array of tables, got {_kind(array)}")
    for number, item in enumerate(array, 1):
        fields = _fields(item)
        if fields is None:
            raise CatalogueError(f"{place}: {title} {number}: expected a table, got {_kind(item)}")
        name = fields.get("name")
        shown = f'"{name}"' if isinstance(name, str) else f"{number}"
        yield Table(f"{place}: {title} {shown}", fields)


def text_table(values: Mapping[str, object], key: str, place: str) -> dict[str, str]:
    """Give a table of strings (`[aliases]`, `[parameters]`)."""
    return dict(_texts_by_text(Table(place, values), key))


def reject_unknown(table: Table, known: frozenset[str]) -> None:
    """Raise CatalogueError for the first key that is not known, with the closest one that is."""
    for key in table.values:
        if key not in known:
            raise CatalogueError(f"{table.place}: {key}: unknown key; {_suggest(key, known)}")


def text(table: Table, key: str) -> str | None:
    """Give a string, None where the key is absent."""
    value = table.values.get(key)
    if value is not None and (not isinstance(value, str) or not value):
        raise wrong(table, key, "a string", value)
    return value


def texts(table: Table, key: str) -> tuple[str, ...]:
    """Give a list of strings, empty where the key is absent."""
    value = table.values.get(key)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise wrong(table, key, "a list of strings", value)
    for item in value:
        if not isinstance(item, str):
            raise wrong(table, key, "a list of strings", item)
    return tuple(value)


def flag(table: Table, key: str) -> bool:
    """Give true or false, false where the key is absent."""
    value = table.values.get(key, False)
    if not isinstance(value, bool):
        raise wrong(table, key, "true or false", value)
    return value


def wrong(table: Table, key: str, expected: str, value: object) -> CatalogueError:
    """Build the error for a value of the wrong shape."""
    return CatalogueError(f"{table.place}: {key}: expected {expected}, got {_kind(value)}")


def _name(table: Table) -> str:
    name = text(table, "name")
    if name is None:
        raise CatalogueError(f"{table.place}: name: missing; expected a dotted name")
    if not all(part.isidentifier() or part == "*" for part in name.split(".")) or "." not in name:
        raise CatalogueError(f'{table.place}: name: expected a dotted name such as "library.Type"')
    return name


def _with(table: Table, key: str) -> With:
    value = _choice(table, key, WITHS)
    return With(value) if value else With.ABSENT


def _choice(table: Table, key: str, choices: tuple[str, ...]) -> str | None:
    value = text(table, key)
    if value is not None and value not in choices:
        expected = " or ".join(f'"{choice}"' for choice in choices)
        raise CatalogueError(f'{table.place}: {key}: expected {expected}, got "{value}"')
    return value


def _texts_by_text(table: Table, key: str) -> Mapping[str, str]:
    value = table.values.get(key, {})
    fields = _fields(value)
    if fields is None:
        raise wrong(table, key, "a table of strings", value)
    for item in fields.values():
        if not isinstance(item, str):
            raise wrong(table, key, "a table of strings", item)
    return {name: item for name, item in fields.items() if isinstance(item, str)}


def _first_release(table: Table) -> str | None:
    """Give the release that stands first in the table."""
    keys = [key for key in table.values if key in ("release", "release-async", "release-functions")]
    return next((name for key in keys for name in texts(table, key)), None)


def _check_parts(table: Table, resource: Resource) -> None:
    known = f"one of parts ({', '.join(resource.parts) or 'none'})"
    for key, parts in (("needs", resource.needs), ("part-releases", tuple(resource.part_releases.values()))):
        for part in parts:
            if part not in resource.parts:
                raise CatalogueError(f'{table.place}: {key}: expected {known}, got "{part}"')


def _constructor(table: Table, resource: Resource) -> Summary | None:
    if resource.is_virtual:
        return None
    is_closed = table.values.get("constructor") == CLOSED
    acquires = is_closed or (flag(table, "constructor") if "constructor" in table.values else resource.silent is None)
    closed = (Variant(Condition(()), acquires=()),) if is_closed else ()
    is_unsaid = not acquires and resource.silent is None and not CALL_KEYS & set(table.values) - {"since", "docs"}
    return Summary(
        name=resource.name,
        parameters=texts(table, "parameters"),
        acquires=(resource.name,) if acquires else (),
        returns=None if acquires else resource.name,
        effects={"*": Effect.TAKES} if is_unsaid else _effects(table),  # who calls it nevertheless hands on what he gives
        variants=(*_variants(table), *closed),
        since=resource.since,
    )


def _effects(table: Table) -> Mapping[str, Effect]:
    return {parameter: effect for key, effect in EFFECT_KEYS.items() if key in table.values for parameter in texts(table, key)}


def _acquires(table: Table) -> tuple[tuple[str | None, ...] | None, bool]:
    """Give the kinds of the result (None where the key is absent) and whether the result is a tuple."""
    value = table.values.get("acquires")
    if value is None:
        return None, False
    if isinstance(value, str):
        return ((value,) if value else ()), False
    if isinstance(value, list):
        return tuple(item or None for item in texts(table, "acquires")), True
    raise wrong(table, "acquires", "a string or a list of strings", value)


def _variants(table: Table) -> tuple[Variant, ...]:
    if "when" not in table.values:
        return ()
    return tuple(_variant(entry) for entry in tables(table.values, "when", table.place, "when"))


def _variant(table: Table) -> Variant:
    reject_unknown(table, WHEN_KEYS)
    arguments = _fields(table.values.get("arguments"))
    if not arguments:
        raise CatalogueError(f"{table.place}: arguments: missing; expected a table such as {{ stream = true }}")
    literals = tuple((name, _literal(table, value)) for name, value in arguments.items())
    return Variant(
        condition=Condition(literals),
        acquires=_acquires(table)[0],
        needs=texts(table, "needs") if "needs" in table.values else None,
        is_silent=text(table, "silent") is not None,
        effects=_effects(table),
    )


def _literal(table: Table, value: object) -> Literal:
    if isinstance(value, bool | int | str):
        return value
    raise wrong(table, "arguments", "a literal, a dotted name, <given>, <absent>, <stream> or <unknown>", value)


def _fields(value: object) -> dict[str, object] | None:
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else None


def _suggest(key: str, known: frozenset[str]) -> str:
    import difflib  # only for the message

    close = difflib.get_close_matches(key, sorted(known), 1)
    return f"did you mean {close[0]}?" if close else f"expected one of {', '.join(sorted(known))}"


_KINDS: tuple[tuple[type, Callable[[object], str]], ...] = (
    (bool, lambda value: "true" if value else "false"),
    (int, lambda value: f"{value}"),
    (str, lambda value: f'"{value}"'),
    (list, lambda value: "a list"),
    (dict, lambda value: "a table"),
)


def _kind(value: object) -> str:
    for kind, describe in _KINDS:
        if isinstance(value, kind):
            return describe(value)
    return f"a {type(value).__name__}"
