"""Classes that own: the attributes they open, the release methods they have, and what these reach.

A class with a release method that reaches something it owns is a resource like any other; one without is told so once,
where it acquires.
"""

import ast
import re
from collections import OrderedDict, deque
from collections.abc import Iterator
from functools import cached_property

from leaklint.analysis.attribute_uses import called_on, given_away, stored_in
from leaklint.analysis.attributes import Reach, ended, ended_at_once, gives_attribute, handed_to, reach_of
from leaklint.analysis.ending import does_little, ends_object, is_property
from leaklint.analysis.files import module_name, shown_path
from leaklint.analysis.lending import delegated, lends, returns_itself
from leaklint.analysis.names import FunctionNode, loops_of, suites, terminal
from leaklint.analysis.record import History
from leaklint.analysis.release_words import PARTIAL, RELEASE_METHODS, RELEASING
from leaklint.analysis.setting import Acquired
from leaklint.analysis.values import Site, own_type
from leaklint.model.data import dataclass, field, replace
from leaklint.model.resource import Resource, With

BUILDERS = frozenset(("__init__", "__post_init__", "__new__"))
CONTAINING = frozenset(name for kind in (dict, list, set, deque, OrderedDict) for name in dir(kind))
Methods = dict[str, tuple[str, FunctionNode]]  # name -> (file, node)


@dataclass(frozen=True, slots=True)
class Owned:
    """One acquisition that a class keeps in an attribute."""

    attribute: str
    label: str
    path: str
    line: int
    method: str
    is_async: bool  # its release is a coroutine
    releases: frozenset[str]
    functions: frozenset[str] = frozenset()  # dotted names of those that release it as their argument
    is_contained: bool = False  # in a container that the attribute holds
    loop_bound: str | None = None  # as of its resource
    opened_by: frozenset[str] = frozenset()  # methods without which it holds nothing
    opened_in: frozenset[str] = frozenset()  # methods of the class that call one of these; empty where it is open at once
    is_catalogued: bool = True  # rather than of the project
    drains: frozenset[str] = frozenset()  # methods that read it to its end, and so release it
    behind: str = ""  # what it owns in turn, where it is of the project: "httpx.Client opened at app/backends.py:41"


@dataclass(eq=False)
class Owner:
    """A class with its bases. `is_closed` where all of them are known; `base` is the resource that it inherits from.

    `is_derived` where one of them is a catalogued resource, whose release may reach any attribute, `is_rooted` where
    none comes from outside: then a `super().close()` that leads nowhere here is a mixin's.
    """

    node: ast.ClassDef
    path: str
    family: list[tuple[str, ast.ClassDef]]
    is_closed: bool
    is_derived: bool = False
    is_rooted: bool = False
    vocabulary: frozenset[str] = RELEASE_METHODS  # the names of release methods
    base: Acquired | None = None
    methods: Methods = field(default_factory=dict)
    lines: list[tuple[str, str, FunctionNode]] = field(default_factory=list)  # every method of the family, overridden too
    owned: list[Owned] = field(default_factory=list)
    defaults: dict[str, str] = field(default_factory=dict)  # dataclass fields -> what their factory acquires
    neglected: dict[str, str] = field(default_factory=dict)  # the same of those that no release method reaches

    def release_methods(self) -> list[str]:
        """Give the names of the release methods that the family defines: they are called without arguments."""
        found = [(name, node) for name, (_, node) in self.methods.items() if name in self.vocabulary]
        return [name for name, node in found if name.startswith("__") or not _needs_arguments(node)]

    def reach(self, node: FunctionNode) -> Reach:
        """Give what one method does with its object's attributes."""
        return reach_of(node)

    def reached(self, starts: list[str], with_callbacks: bool = True) -> Reach:
        """Give what methods do together with all the methods that they call on their object, or have called one day."""
        total = Reach()
        waiting = [node for name in starts for node in self._next(name, -1)]
        while waiting:
            node = waiting.pop()
            if node in total.nodes:
                continue
            total.nodes.add(node)
            found = self.reach(node)
            total.released |= found.released
            total.guarded |= found.guarded
            total.reaches_all |= found.reaches_all
            total.handed |= found.handed
            total.hands_itself |= found.hands_itself
            for attribute, methods in found.called_on.items():
                total.called_on.setdefault(attribute, set()).update(methods)
            loads = found.loads if with_callbacks else {one for one in found.loads if not self._is_callback(one, found)}
            waiting += [one for name in (*found.calls, *loads) for one in self._next(name, -1)]  # loads: properties
            waiting += [one for name in found.calls_super for one in self._next(name, self._levels[node])]
            total.calls |= found.calls | {node.name}
        return total

    def _calls_sibling(self, node: FunctionNode) -> bool:
        """Say whether a method calls a release method of whatever class comes beside its own one day, for none is known."""
        level = self._levels[node]
        return any(name in self.vocabulary and not self._next(name, level) for name in self.reach(node).calls_super)

    def _is_callback(self, name: str, found: Reach) -> bool:
        """Say whether a method is only given to others, which call it one day; a property is run by its mention."""
        return name in found.callbacks and name in self.methods and not self.methods[name][1].decorator_list

    def _next(self, name: str, level: int) -> list[FunctionNode]:
        """Give the methods of a name (one for each branch of an `if`) that the first class behind a level defines."""
        found = [node for _, one, node in self.lines if one == name and self._levels[node] > level]
        return [node for node in found if self._levels[node] == self._levels[found[0]]]

    @cached_property
    def _levels(self) -> dict[FunctionNode, int]:
        """The place in the family of the class that defines a method."""
        found: dict[FunctionNode, int] = {}
        for level, (_, node) in enumerate(self.family):
            found.update((method, level) for method in methods_of(node))
        return found

    @cached_property
    def released(self) -> Reach:
        """What the release methods reach, with what is handed to others to be released anywhere in the class."""
        found = self.reached(self.release_methods())
        found.reaches_all |= self.is_rooted and any(self._calls_sibling(node) for node in found.nodes)
        for _, _, node in self.lines:
            found.released |= self.reach(node).registered
        # what releases one type (`pool.clear()`) empties another
        for one in self.owned:
            called = found.called_on.get(one.attribute, set())
            if one.releases & called or (one.is_contained and called - CONTAINING):  # a container of somebody's own
                found.released.add(one.attribute)
            elif one.attribute not in found.handed and _is_partial(called):
                found.released.discard(one.attribute)
        return found

    @cached_property
    def resource(self) -> Acquired | None:
        """The resource that instances of the class are, None where nobody has to release them."""
        return self.base or _resource(self)

    @cached_property
    def adopter(self) -> Acquired | None:
        """The resource that an instance is once it has taken something over, though it opens nothing itself."""
        return self.resource or _adopter(self)

    def is_released(self, attribute: str) -> bool:
        """Say whether a release method may release an attribute."""
        found = self.released
        return found.reaches_all or attribute in found.released

    def is_ended(self, attribute: str) -> bool:
        """Say whether a method that is no release method releases an attribute, and does not open it anew after that."""
        opening = {one.method: one.line for one in self.owned if one.attribute == attribute}
        known = {*self.release_methods(), *BUILDERS}  # a `close(self, reason)` is called by somebody who knows it
        if any(ended_at_once(node, attribute, opening[name]) for _, name, node in self.lines if name in opening):
            return True
        dying = self._dying
        others = [node for _, name, node in self.lines if name not in known and node not in dying]
        releases = frozenset(name for one in self.owned if one.attribute == attribute for name in one.releases)
        drains = frozenset(name for one in self.owned if one.attribute == attribute for name in one.drains - {"read"})
        if drains and any(drains & called_on(node).get(attribute, set()) for node in others):
            return True  # `read(n)` stops halfway
        if attribute in self.delegates and not releases <= self.methods.keys():
            return True
        if any(releases & self.reach(node).called_on.get(attribute, set()) for node in others if node.name not in opening):
            return True
        names = {attribute, *self._properties(attribute)}
        return any(self._ends_after(node, name, opening.get(node.name, 0)) for node in others for name in names)

    @cached_property
    def _dying(self) -> set[FunctionNode]:
        """The methods that nobody calls but `__del__`: neither their name nor another method leads others to them."""
        found = (
            {node for node in self.reached(["__del__"]).nodes if node.name.startswith("_")}
            if "__del__" in self.methods
            else set()
        )
        public = [name for name in self.methods if not name.startswith("_")] if found else []
        return found - self.reached(public).nodes

    def _ends_after(self, node: FunctionNode, attribute: str, line: int) -> bool:
        """Say whether a method releases an attribute after a line, or before it in a loop that comes back."""
        end = ended(node).get(attribute, 0)
        return end > line or (end > 0 and any(one.lineno <= end and line <= (one.end_lineno or 0) for one in loops_of(node)))

    @cached_property
    def delegates(self) -> frozenset[str]:
        """The attributes to which `__getattr__` hands on what the class does not define."""
        return delegated(self.methods["__getattr__"][1]) if "__getattr__" in self.methods else frozenset()

    def _properties(self, attribute: str) -> list[str]:
        """Give the properties that give an attribute."""
        return [name for name, (_, node) in self.methods.items() if gives_attribute(node, attribute)]

    def is_handed_on(self, attribute: str, is_number: bool) -> bool:
        """Say whether what an attribute holds is also kept where somebody releases it, or may."""
        places = {place for _, _, node in self.lines for place in handed_to(node, attribute, is_number)} - {attribute}
        reported = {one.attribute for one in self.owned} if is_number else set()  # the file over it is spoken of
        return any(place is None or place in reported or self.is_released(place) or self.is_ended(place) for place in places)

    def is_released_in_del(self, attribute: str) -> bool:
        """Say whether `__del__` releases an attribute."""
        return "__del__" in self.methods and attribute in self.reached(["__del__"]).released

    def keeps(self) -> list[Owned]:
        """Give what the class owns and releases: what makes it a resource, unless its end releases that in any case."""
        found = self.released
        kept = [one for one in self.owned if found.reaches_all or one.attribute in found.released]
        finalized = {name for _, _, node in self.lines for name in self.reach(node).finalized} if kept else set()
        return [one for one in kept if one.attribute not in finalized and self.opens(one)]

    def opens(self, one: Owned) -> bool:
        """Say whether what a base opens is opened in this class, too: not where its constructor is replaced."""
        starts = [name for name in (BUILDERS if one.method in BUILDERS else {one.method}) if name in self.methods]
        if one.method not in BUILDERS and any(self._loses(name, one.method) for name in self.methods):
            return False
        run = self.reached(starts).nodes
        opening = [node for path, name, node in self.lines if path == one.path and name == one.method]
        return any(node in run and node.lineno <= one.line <= (node.end_lineno or one.line) for node in opening)

    def _loses(self, name: str, opening: str) -> bool:
        """Say whether a class overrides a method of its base that leads to an opening one, so that it does so no more."""
        above = [node for _, one, node in self.lines if one == name]
        if name == opening or len(above) < 2 or opening in self.reached([name]).calls:
            return False
        return any(opening in self.reached([*self.reach(node).calls]).calls for node in above[1:])

    def keepers(self) -> frozenset[str]:
        """Give the methods that hand the object to something that keeps it, and releases it from then on."""
        return frozenset(name for name in self.methods if self.reached([name]).hands_itself)

    def builders(self) -> set[str]:
        """Give the methods that run when an instance is made."""
        return self.reached([name for name in BUILDERS if name in self.methods], with_callbacks=False).calls


def methods_of(node: ast.ClassDef) -> Iterator[FunctionNode]:
    """Yield the methods that a class defines, whatever the conditions in its body."""
    waiting: list[ast.stmt] = node.body[::-1]
    while waiting:
        statement = waiting.pop()
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            yield statement
        elif isinstance(statement, ast.If | ast.Try):
            waiting += [one for suite in suites(statement) for one in suite][::-1]


def _is_partial(called: set[str]) -> bool:
    """Say whether methods release only a part: `kill()` of a process without `wait()`, `shutdown()` of a server."""
    releasing = called & RELEASING
    return bool(releasing) and releasing <= PARTIAL and "poll" not in called


def _needs_arguments(node: FunctionNode) -> bool:
    arguments = node.args
    positional = len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)
    return positional > 1 or any(default is None for default in arguments.kw_defaults)


def _resource(owner: Owner) -> Acquired | None:
    kept = owner.keeps()
    attributes = {one.attribute for one in kept} | set(owner.defaults)
    if not attributes:
        return None
    names = [name for name in owner.release_methods() if not name.startswith("__") and _reaches(owner, name, attributes)]
    withs = _with(owner, "__exit__", attributes), _with(owner, "__aexit__", attributes)
    exits = {name for name, one in zip(("__exit__", "__aexit__"), withs, strict=True) if one is With.RELEASES}
    releases = frozenset(exits.union(names))
    others = [name for name in _ending(owner, kept, releases) if name not in names]
    short = [name for name in others if does_little(owner.methods[name][1])]
    if not (releases or short) or _ends_by_itself(owner, attributes):
        return None
    names += [*short, *(name for name in others if name not in short)]  # messages name the first
    if not owner.keepers().isdisjoint(BUILDERS):
        return None
    builders = owner.builders()
    is_built = bool(owner.defaults) or any(is_built_in(one, builders) for one in kept)
    label = f"{module_name(owner.path)}.{owner.node.name}, which owns {_owned_text(kept, owner)}"
    found = _acquired(owner, names, withs, label, frozenset() if is_built else _openers(owner, kept))
    given = frozenset() if is_built else frozenset(one.attribute for one in kept)
    return replace(found, resource=replace(found.resource, loop_bound=_loop_bound(kept, builders), given_through=given))


def _ending(owner: Owner, kept: list[Owned], releases: frozenset[str]) -> list[str]:
    """Give the methods by some other name (`term`) that end the object, and open nothing anew."""
    if not kept or owner.defaults:
        return []
    methods = {name: node for name, (_, node) in owner.methods.items()}
    held = {one.attribute: one.releases | RELEASING - PARTIAL for one in kept}
    opening = {one.method for one in kept}
    named = [name for name in methods if not name.startswith("__") and name not in owner.vocabulary]
    ending = [name for name in named if ends_object(name, methods, releases, held)]
    return [name for name in ending if owner.reached([name]).calls.isdisjoint(opening)]


def _loop_bound(kept: list[Owned], builders: set[str]) -> str | None:
    """Say when an instance binds to the running loop: as it is built, where it then builds what does so."""
    bound = [one for one in kept if one.loop_bound is not None]
    if any(one.loop_bound == "construction" and one.method in builders for one in bound):
        return "construction"
    return "first-use" if bound else None


def is_built_in(one: Owned, builders: set[str]) -> bool:
    """Say whether building an instance opens what it keeps."""
    return one.method in builders and (not one.opened_in or bool(one.opened_in & builders))


def _ends_by_itself(owner: Owner, attributes: set[str]) -> bool:
    """Say whether a class is a thread that releases at its end what it owns."""
    is_thread = any(terminal(base) in ("Thread", "Process") for _, node in owner.family for base in node.bases)
    if not is_thread or "run" not in owner.methods:
        return False
    found = owner.reached(["run"])
    return found.reaches_all or attributes <= found.released


def _adopter(owner: Owner) -> Acquired | None:
    names = [name for name in owner.release_methods() if not name.startswith("__")]
    exits = [With.RELEASES if name in owner.methods else With.ABSENT for name in ("__exit__", "__aexit__")]
    if not names and With.RELEASES not in exits:
        return None
    return _acquired(owner, names, (exits[0], exits[1]), f"{module_name(owner.path)}.{owner.node.name}", frozenset())


def _acquired(owner: Owner, names: list[str], withs: tuple[With, With], label: str, opened_by: frozenset[str]) -> Acquired:
    read = frozenset(name for name in names if is_property(owner.methods[name][1]))
    plain = frozenset(name for name in names if not isinstance(owner.methods[name][1], ast.AsyncFunctionDef)) - read
    held = owner.released.released - owner.methods.keys()
    handed_on = {"close"} - owner.methods.keys() if owner.delegates else set()
    kind = own_type(owner.path, owner.node.name)
    resource = Resource(
        kind,
        releases=plain | handed_on | _giving(owner, names, held),
        async_releases=frozenset(names) - plain - read,
        drains=read,
        first_release=_first(names),
        sync_with=withs[0],
        async_with=withs[1],
        label=label,
        variable=_variable(owner.node.name),
        opened_by=opened_by,
        lazy=_lending(owner),
        fluent=frozenset(name for name, (_, node) in owner.methods.items() if returns_itself(node)),
        kept_by=owner.keepers(),
        holds=frozenset(held),
    )
    return Acquired(resource, 1, label, kind)


def _giving(owner: Owner, names: list[str], held: set[str]) -> set[str]:
    """Give the methods by which somebody else gets all that the object holds, which ends its duty (`descriptor.to_file()`)."""
    kept = {name for _, _, node in owner.lines for name in stored_in(node)} & held
    others = {name: node for name, (_, node) in owner.methods.items() if name not in names} if kept else {}
    return {name for name, node in others.items() if kept <= given_away(node)}


def _lending(owner: Owner) -> frozenset[str]:
    """Give the methods whose results may lead to the object; `*` where nobody knows all of its methods."""
    methods = {name: node for name, (_, node) in owner.methods.items()}
    found = {name for name, node in methods.items() if not name.startswith("__") and lends(node, methods)}
    return frozenset(found) if owner.is_closed else frozenset((*found, "*"))


def _first(names: list[str]) -> str | None:
    return next((one for one in ("close", "aclose", "stop", "shutdown") if one in names), names[0] if names else None)


def _reaches(owner: Owner, name: str, attributes: set[str]) -> bool:
    found = owner.reached([name])
    return found.reaches_all or bool(found.released & attributes)


def _with(owner: Owner, name: str, attributes: set[str]) -> With:
    if name not in owner.methods:
        return With.ABSENT
    return With.RELEASES if _reaches(owner, name, attributes) else With.KEEPS


def _openers(owner: Owner, kept: list[Owned]) -> frozenset[str]:
    """Give the methods from which an acquisition is reached, where building an instance does not reach it."""
    opening = {name for one in kept for name in one.opened_in or (one.method,)}
    runs = {name: owner.reached([name], with_callbacks=False).calls for name in owner.methods}
    return frozenset(name for name, run in runs.items() if name in opening or run & opening)


def _owned_text(kept: list[Owned], owner: Owner) -> str:
    if kept:
        one = kept[0]
        return one.behind or f"{one.label} opened at {shown_path(one.path)}:{one.line}"
    return next(iter(owner.defaults.values()))


def _variable(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.lstrip("_")).lower()


def owned_by(site: Site, history: History, names: list[str], path: str, method: str) -> list[Owned]:
    """Describe an acquisition that a method stores in attributes of its object."""
    resource = site.resource
    return [
        Owned(
            name,
            site.label.partition(", which owns ")[0],
            path,
            site.node.lineno,
            method,
            not resource.releases and bool(resource.async_releases),
            resource.releases | resource.async_releases,
            resource.release_functions,
            name in history.contained,
            resource.loop_bound,
            frozenset() if history.openings else resource.opened_by,
            is_catalogued=site.own_type is None,
            drains=resource.drains,
            behind=site.label.partition(", which owns ")[2],
        )
        for name in names
    ]
