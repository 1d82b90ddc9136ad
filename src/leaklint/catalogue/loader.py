"""The catalogue as the analysis asks it: by dotted name, with aliases resolved and inherited facts merged in.

A file is parsed when a name with its first segment is first asked for, so a module that only opens files pays for two
small files. Every answer is kept.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from leaklint.catalogue import library, schema
from leaklint.catalogue.library import BUILTINS, EMPTY, Library
from leaklint.model.data import replace
from leaklint.model.resource import Resource, Summary, Variant, With


def load() -> "Catalogue":
    """Give the shipped catalogue; nothing is read yet."""
    return Catalogue(EMPTY)


class Catalogue:
    """Facts about dotted names: those of `own` (a user's tables) first, then the shipped files."""

    def __init__(self, own: Library, release_methods: frozenset[str] = frozenset()) -> None:
        self._own = own
        self._own_roots = {_root(name) for name in (*own.resources, *own.constructors, *own.summaries, *own.aliases)}
        self.release_methods = release_methods  # what a project's own classes call theirs, besides the usual names
        self._resources: dict[str, Resource | None] = {}
        self._summaries: dict[str, Summary | None] = {}
        self._methods: dict[tuple[str, str], Summary | None] = {}
        self._names: dict[str, str] = {}
        self._lines: dict[str, tuple[str, ...]] = {}
        self._words: dict[frozenset[str], frozenset[str]] = {}
        self._makers: dict[frozenset[str], frozenset[str]] = {}
        self._loop_words: dict[frozenset[str], frozenset[str]] = {}
        self._async_releases: dict[frozenset[str], frozenset[str]] = {}

    def resource(self, name: str) -> Resource | None:
        """Give the kind of resource with this canonical or other name, inherited facts included."""
        if name not in self._resources:
            canonical = self.canonical(name)
            if canonical != name:
                self._resources[name] = self.resource(canonical)
            else:
                self._resources[name] = self._inherit(name)
        return self._resources[name]

    def summary(self, name: str) -> Summary | None:
        """Give what calling a dotted function, class or `Type.method` does."""
        if name not in self._summaries:
            self._summaries[name] = self._find_summary(self.canonical(name))
        return self._summaries[name]

    def method(self, type_name: str, method: str) -> Summary | None:
        """Give what calling a method of a type does, inherited ones included; None where nothing is said of it."""
        key = (type_name, method)
        if key not in self._methods:
            candidates = (self._written(f"{ancestor}.{method}") for ancestor in self.ancestors(type_name))
            found = next((summary for summary in candidates if summary is not None), None)
            self._methods[key] = None if found is None else self._resolve(found)
        return self._methods[key]

    def any_method(self, method: str) -> Summary | None:
        """Give what a method of this name does whatever its receiver is (`enter_context`)."""
        name = f"*.{method}"
        if name not in self._summaries:
            found = self._own.summaries.get(name) or library.shipped(BUILTINS).summaries.get(name)
            self._summaries[name] = None if found is None else self._resolve(found)
        return self._summaries[name]

    def parameter_type(self, name: str) -> str | None:
        """Give the type of a parameter that a convention names: `tmp_path` is a pathlib.Path."""
        return library.shipped(BUILTINS).parameters.get(name)

    def receiver_type(self, name: str) -> str | None:
        """Give the type of an object that a convention names: `self.loop` is an event loop."""
        return library.shipped(BUILTINS).receivers.get(name)

    def is_a(self, type_name: str, base: str) -> bool:
        """Say whether a type is the base or inherits from it, as far as the catalogue knows."""
        return self.canonical(base) in self.ancestors(type_name)

    def describes(self, module: str) -> bool:
        """Say whether anything may be written of a module, or of one in the same package."""
        root = _root(module)
        return root in self._own_roots or library.shipped(root) is not EMPTY

    def canonical(self, name: str) -> str:
        """Give the name under which a dotted name is catalogued; the name itself where it has no other."""
        if name not in self._names:
            self._names[name] = self._canonical(name)
        return self._names[name]

    def ancestors(self, type_name: str) -> tuple[str, ...]:
        """Give the canonical names of a type and of what it extends, nearest first."""
        if type_name not in self._lines:
            line: list[str] = []
            waiting = [self.canonical(type_name)]
            while waiting:
                name = waiting.pop(0)
                if name not in line:
                    line.append(name)
                    written = self._written_resource(name)
                    waiting.extend(self.canonical(base) for base in (written.extends if written else ()))
            self._lines[type_name] = tuple(line)
        return self._lines[type_name]

    def words(self, roots: Iterable[str]) -> frozenset[str]:
        """Give the last segments of every callable or method that can acquire, for the top-level modules `roots`.

        Those of the builtins, of a user's own tables and of the modules that these lead to are always included.
        """
        key = frozenset(roots)
        if key not in self._words:
            shipped = (library.words(module) for module in self._reached(key))
            self._words[key] = self._own.words().union(*shipped)
        return self._words[key]

    def makers(self, roots: Iterable[str]) -> frozenset[str]:
        """Give the last segments of every type whose objects acquire when they are called, for the top-level modules."""
        key = frozenset(roots)
        if key not in self._makers:
            self._makers[key] = self._own.makers().union(*(library.makers(module) for module in self._reached(key)))
        return self._makers[key]

    def loop_words(self, roots: Iterable[str]) -> frozenset[str]:
        """Give the last segments of every callable or method that is about event loops, for the top-level modules."""
        key = frozenset(roots)
        if key not in self._loop_words:
            shipped = (library.loop_words(module) for module in {*key, BUILTINS})
            self._loop_words[key] = self._own.loop_words().union(*shipped)
        return self._loop_words[key]

    def async_releases(self, roots: Iterable[str]) -> frozenset[str]:
        """Give the coroutine methods that release something of the top-level modules."""
        key = frozenset(roots)
        if key not in self._async_releases:
            shipped = (library.async_releases(module) for module in key)
            self._async_releases[key] = self._own.async_releases().union(*shipped)
        return self._async_releases[key]

    def entered_async(self, roots: Iterable[str]) -> frozenset[str]:
        """Give the names of what is no resource and can only be entered by `async with`, for the top-level modules."""
        return self._own.entered_async().union(*(library.shipped(module).entered_async() for module in roots))

    def _reached(self, roots: frozenset[str]) -> set[str]:
        """Give the top-level modules, the builtins, and what these and a user's own tables lead to."""
        seen: set[str] = set()
        waiting = {*roots, BUILTINS, *self._own.references()}
        while waiting:
            module = waiting.pop()
            seen.add(module)
            waiting |= library.references(module) - seen
        return seen

    def extended(
        self,
        resources: Sequence[Mapping[str, object]],
        summaries: Sequence[Mapping[str, object]],
        origin: str,
        files: Iterable[tuple[Path, str]] = (),
    ) -> "Catalogue":
        """Give a catalogue that also knows a user's files and tables, which win over the shipped ones.

        `origin` is the file in which the tables stand; each file comes with what messages call it. Raises CatalogueError.
        """
        written = library.build(
            schema.tables({"resource": list(resources)}, "resource", origin, "[[tool.leaklint.resource]]"),
            schema.tables({"summary": list(summaries)}, "summary", origin, "[[tool.leaklint.summary]]"),
        )
        joined = EMPTY
        for path, place in files:
            joined = joined.merged(library.read(path, place))
        return self.joined(joined.merged(written))

    def naming_releases(self, names: Iterable[str]) -> "Catalogue":
        """Give a catalogue for a project whose classes call their release methods so, too."""
        return Catalogue(self._own, self.release_methods.union(names))

    def joined(self, written: Library) -> "Catalogue":
        """Give a catalogue that also knows the entries of a library, which win; raises CatalogueError."""
        catalogue = Catalogue(self._own.merged(written), self.release_methods)
        check_names(written, catalogue)
        return catalogue

    def _inherit(self, name: str) -> Resource | None:
        written = self._written_resource(name)
        if written is None:
            return None
        merged = replace(written, extends=tuple(self.canonical(base) for base in written.extends))
        for base in self.ancestors(name)[1:]:
            inherited = self._written_resource(base)
            if inherited is not None:
                merged = inherit(merged, inherited)
        computed = frozenset[str]().union(*(self._computed(one) for one in self.ancestors(name)))
        return replace(merged, data=merged.data - computed) if computed else merged

    def _find_summary(self, name: str) -> Summary | None:
        written = self._written(name) or self._constructor(name)
        if written is not None:
            return self._resolve(written)
        owner, _, method = name.rpartition(".")
        return self.method(owner, method) if owner and self._written_resource(self.canonical(owner)) else None

    def _constructor(self, name: str) -> Summary | None:
        """Give what the class's call does; a class that says nothing of its arguments inherits that."""
        own = self._constructors(name)
        if own is None or own.parameters or own.effects or own.variants:
            return own
        inherited = (self._constructors(base) for base in self.ancestors(name)[1:])
        base = next((summary for summary in inherited if summary is not None), None)
        if base is None:
            return own
        return replace(own, parameters=base.parameters, effects=base.effects, variants=base.variants)

    def _resolve(self, summary: Summary) -> Summary:
        return replace(
            summary,
            acquires=self._kinds(summary.acquires),
            returns=None if summary.returns is None else self.canonical(summary.returns),
            yields=None if summary.yields is None else self.canonical(summary.yields),
            contains=None if summary.contains is None else self.canonical(summary.contains),
            variants=tuple(self._resolve_variant(variant) for variant in summary.variants),
        )

    def _resolve_variant(self, variant: Variant) -> Variant:
        return variant if variant.acquires is None else replace(variant, acquires=self._kinds(variant.acquires))

    def _kinds(self, kinds: tuple[str | None, ...]) -> tuple[str | None, ...]:
        return tuple(None if kind is None else self.canonical(kind) for kind in kinds)

    def _canonical(self, name: str) -> str:
        if name in self._own:
            return name
        found = self._own.aliases.get(name) or library.shipped(_root(name)).aliases.get(name)
        if found is not None:
            return self.canonical(found)
        owner, _, last = name.rpartition(".")
        if not owner or name in library.shipped(_root(name)):
            return name
        known = self.canonical(owner)
        return name if known == owner else f"{known}.{last}"

    def _written_resource(self, name: str) -> Resource | None:
        return self._own.resources.get(name) or library.shipped(_root(name)).resources.get(name)

    def _computed(self, name: str) -> frozenset[str]:
        """Give the attributes whose value dies with a resource; a user's table replaces all that is shipped of it."""
        holder = self._own if name in self._own.resources else library.shipped(_root(name))
        return holder.computed.get(name, frozenset())

    def _written(self, name: str) -> Summary | None:
        return self._own.summaries.get(name) or library.shipped(_root(name)).summaries.get(name)

    def _constructors(self, name: str) -> Summary | None:
        return self._own.constructors.get(name) or library.shipped(_root(name)).constructors.get(name)


def inherit(resource: Resource, base: Resource) -> Resource:
    """Add to a resource what its base says and it does not."""
    has_parts = bool(resource.parts)
    return replace(
        resource,
        releases=resource.releases | base.releases,
        async_releases=resource.async_releases | base.async_releases,
        release_functions=resource.release_functions | base.release_functions,
        first_release=resource.first_release or base.first_release,
        drains=resource.drains | base.drains,
        fails_released=resource.fails_released | base.fails_released,
        sync_with=base.sync_with if resource.sync_with is With.ABSENT else resource.sync_with,
        async_with=base.async_with if resource.async_with is With.ABSENT else resource.async_with,
        loop_bound=resource.loop_bound or base.loop_bound,
        variable=base.variable if resource.variable == Resource("").variable else resource.variable,
        closed=resource.closed | base.closed,
        none_after_release=resource.none_after_release | base.none_after_release,
        fails_after_release=resource.fails_after_release | base.fails_after_release,
        lazy=resource.lazy | base.lazy,
        data=resource.data | base.data,
        parts=resource.parts if has_parts else base.parts,
        needs=resource.needs if has_parts else base.needs,
        part_releases=resource.part_releases if has_parts else base.part_releases,
        silent=resource.silent or base.silent,
        is_loop=resource.is_loop or base.is_loop,
        outlives=resource.outlives or base.outlives,
        exhausts=resource.exhausts or base.exhausts,
        is_path=resource.is_path or base.is_path,
        only_in_fixtures=resource.only_in_fixtures or base.only_in_fixtures,
        given_through=resource.given_through | base.given_through,
        holds=resource.holds | base.holds,
        opened_by=resource.opened_by | base.opened_by,
        idle_until=resource.idle_until | base.idle_until,
        ends_with_maker=resource.ends_with_maker or base.ends_with_maker,
        with_does_more=resource.with_does_more or base.with_does_more,
        waits=resource.waits or base.waits,
        with_target=resource.with_target or base.with_target,
        with_gives=resource.with_gives or base.with_gives,
    )


def check_names(written: Library, catalogue: Catalogue) -> None:
    """Raise CatalogueError for the first resource that a table names and the catalogue does not know."""
    for title, key, name in library.kinds_named(written):
        if catalogue.resource(name) is None:
            raise schema.CatalogueError(f'{title}: {key}: no resource "{name}"; describe it in a resource table')


def _root(name: str) -> str:
    return name.partition(".")[0]
