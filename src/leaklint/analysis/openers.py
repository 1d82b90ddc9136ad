"""Which names may open something, over the modules of a project, as their texts promise: nothing is parsed for it.

A name that it does not give opens nothing; one that it gives may turn out not to.
"""

import re
from collections import OrderedDict
from collections.abc import Iterator, Set

from leaklint.analysis.files import find_module, module_name
from leaklint.analysis.outline import Outline, Region, outline
from leaklint.analysis.prefilter import STANDARD
from leaklint.analysis.search import Search
from leaklint.catalogue import Catalogue

ATTRIBUTE = re.compile(r"\.\s*(\w+)\s*\(")
NAME = re.compile(r"\b[^\W\d]\w*\b")
CALL = "__call__"
BEHIND = 5  # re-exports of re-exports
KEPT = 2_000  # outlines kept for importers, each about as large as its text
Place = tuple[str, tuple[str, ...]]  # the file of a module, and the segments of a name left over: a class, and its attribute


class Openers:
    """The outlines of first-party modules, read when first asked for, and what they say of names."""

    def __init__(self, catalogue: Catalogue, sources: tuple[str, ...] = ()) -> None:
        self._catalogue = catalogue
        self._sources = sources
        self._outlines: OrderedDict[str, Outline | None] = OrderedDict()
        self._verdicts: Search[tuple[str, str]] = Search()  # of a name in a file: may it open something?
        self._words: dict[str, frozenset[str]] = {}
        self._exported: dict[str, frozenset[str]] = {}
        self._starred: dict[tuple[str, str], frozenset[str] | None] = {}  # (file, module) -> what `*` takes from the module
        self._givers: dict[str, set[str]] = {}
        self._links: tuple[str, list[tuple[str, Place]]] = "", []  # of the file last asked for
        self._holders: dict[Place, list[tuple[str, str | None]]] = {}  # of an imported name: what holds members

    def words(self, text: str, path: str) -> frozenset[str]:
        """Give the names, imported from first-party modules or defined here, whose call may open something."""
        known = self._outlines.get(path)
        if known is not None and known.text != text:  # rewritten since: what others were told of it holds no longer
            self._outlines.clear()
            self._verdicts.clear()
            self._words.clear()
            self._givers.clear()
            self._exported.clear()
            self._starred.clear()
            self._links = "", []
            self._holders.clear()
        if path not in self._words:
            self._words[path] = self._find_words(text, path)
        return self._words[path]

    def givers(self, text: str, path: str) -> Set[str]:
        """Give the names of classes, imported from first-party modules or defined here, whose methods may give what is open."""
        self.words(text, path)
        return self._givers.get(path, frozenset())

    def _find_words(self, text: str, path: str) -> frozenset[str]:
        known = self.outline(path, text)
        if known is None:
            return frozenset()
        found, callables = self._imported(path, known), self._imported_callables(path, known)
        found |= callables
        if found or known.places or known.made:
            named = [(one, f"{one.owner}.{name}" if one.owner else name) for name, all in known.regions.items() for one in all]
            opening = [one for one, name in named if (one.owner or one.name not in found) and self._may_open(path, name)]
            found.update(one.name for one in opening)
            callables |= {one.owner for one in opening if one.owner and one.name == CALL}
            found |= callables | known.bound_to(callables)
            self._givers.setdefault(path, set()).update(one.owner for one in opening if one.owner)
            found.update(attribute for _, attribute, name in known.namings if self._may_open(path, name))
            found |= known.made
        return frozenset(found)

    def _imported(self, path: str, known: Outline) -> set[str]:
        """Give the names that first-party modules give to a text and that may open something."""
        links, stars = self.links(path, known), self._stars(path, known)
        found: set[str] = set()
        attributes = frozenset(ATTRIBUTE.findall(known.text)) if links else frozenset[str]()
        for local, place in links:
            if self._gives(place):
                found.add(local)
            members = self._members(place, attributes)
            found.update(members, self._methods_of_object(place, attributes))
            if members:
                self._givers.setdefault(path, set()).add(local)
        if links:
            for base in known.dotted_bases():
                first, _, rest = base.partition(".")
                places = [self.find(f"{one}.{rest}", path) for one in known.imports.get(first, ())]
                found.update(name for one in places if one is not None for name in self._members(one, attributes))
        for star in stars:
            found.update(self._members(star, frozenset(NAME.findall(known.text))))
        if any(one.startswith(".") for targets in known.imports.values() for one in targets):
            root = module_name(path).partition(".")[0]  # a library may be catalogued by the names it has outside
            found.update(word for word in self._catalogue.words((root,)) if word in attributes or word in known.imports)
        return found

    def links(self, path: str, known: Outline) -> list[tuple[str, Place]]:
        """Give the local names in a text that may mean something first-party, each with its place."""
        if self._links[0] != path:
            targets = [(local, self.find(one, path)) for local, all in known.imports.items() for one in all]
            self._links = path, [(local, place) for local, place in targets if place is not None]
        return self._links[1]

    def _stars(self, path: str, known: Outline) -> list[Place]:
        """Give the first-party modules of which a text takes what they have."""
        places = [self.find(one, path) for one in known.stars if one.partition(".")[0] not in STANDARD]
        return [one for one in places if one is not None]

    def find(self, dotted: str, importer: str) -> Place | None:
        """Give the file of the first-party module that a dotted name leads to, and the segments left over."""
        return find_module(dotted, importer, self._sources)

    def may_open(self, importer: str, dotted: str) -> bool:
        """Say whether what a dotted name means in a file may open something when it is called."""
        if dotted.partition(".")[0] in STANDARD:
            return False
        place = self.find(dotted, importer)
        return place is not None and self._gives(place)

    def _gives(self, place: Place) -> bool:
        """Say whether what an imported name means may open something, or is catalogued."""
        path, names = place
        module = module_name(path)
        if self._catalogue.describes(module) and self._catalogue.summary(".".join([module, *names])) is not None:
            return True
        return 1 <= len(names) <= 2 and self._may_open(path, ".".join(names))

    def _imported_callables(self, path: str, known: Outline) -> set[str]:
        """Give the imported classes whose objects may open something when they are called, as a text calls them."""
        behind = ((local, one) for local, place in self.links(path, known) for one in self._holders_of(place))
        return {local for local, (file, owner) in behind if owner is not None and self._may_open(file, f"{owner}.{CALL}")}

    def _members(self, place: Place, asked: frozenset[str]) -> list[str]:
        """Give those of some names that may open something in an imported module, or as methods of an imported class."""
        found: list[str] = []
        for path, owner in self._holders_of(place):
            known = self.outline(path) if owner is not None else None
            if known is None or owner is None:
                found += [name for name in asked & self._names(path) if self._may_open(path, name)]
            else:
                names = {one.name for one in known.methods.get(owner, ())} & asked
                found += [one for one in names if not one.startswith("__") and self._may_open(path, f"{owner}.{one}")]
        return found

    def _methods_of_object(self, place: Place, asked: frozenset[str]) -> frozenset[str]:
        """Give those of some names that may acquire as methods of an object that an imported name means."""
        for _ in range(BEHIND):
            known = self.outline(place[0]) if len(place[1]) == 1 else None
            if known is None or place[1][0] in known.objects:
                return asked & known.words if known is not None else frozenset()
            behind = [self.find(target, place[0]) for target in known.imports.get(place[1][0], ())]
            if len(behind) != 1 or behind[0] is None:
                return frozenset()
            place = behind[0]
        return frozenset()

    def _holders_of(self, place: Place) -> list[tuple[str, str | None]]:
        """Give the modules (with None), or the classes with their modules, that an imported name may mean."""
        if place not in self._holders:
            self._holders[place] = list(self._behind(place))
        return self._holders[place]

    def _behind(self, place: Place) -> Iterator[tuple[str, str | None]]:
        """Follow an imported name through the modules that import it in turn."""
        waiting, seen = [place], set[Place]()
        while waiting:
            one = waiting.pop()
            known = self.outline(one[0]) if one not in seen else None
            if known is None:
                continue
            seen.add(one)
            path, names = one
            if not names or any(each.is_class for each in known.definitions(names[0])):
                yield path, names[0] if names else None
            elif len(names) == 1:
                behind = [self.find(target, path) for target in known.imports.get(names[0], ())]
                waiting += [each for each in behind if each is not None]

    def _names(self, path: str) -> frozenset[str]:
        """Give the names that a module defines or imports, also with a star."""
        if path not in self._exported:
            self._exported[path] = frozenset()  # stars may go in circles
            known = self.outline(path)
            if known is not None:
                starred = [self._names(one[0]) for one in self._stars(path, known) if not one[1]]
                self._exported[path] = frozenset(known.regions).union(known.imports, *starred)
        return self._exported[path]

    def _may_open(self, path: str, name: str) -> bool:
        """Search for an opener behind a name."""
        return self._verdicts.ask((path, name), self._look)

    def _look(self, place: tuple[str, str]) -> bool:
        path, name = place
        known = self.outline(path)
        if known is None:
            return False
        first, _, rest = name.partition(".")
        if rest and first in known.regions:
            methods = [one for one in known.methods.get(first, ()) if one.name == rest]
            named = known.named(first, rest) if not methods and "." not in rest else ()
            return any(self._is_opener(path, one) for one in methods) or any(self._may_open(path, one) for one in named)
        if first in known.regions:
            return any(self._is_opener(path, one) for one in known.definitions(first))
        if rest and first in known.objects:
            return rest in known.words
        if any(self.may_open(path, f"{one}.{rest}" if rest else one) for one in known.imports.get(first, ())):
            return True
        return any(self._gives_by_star(path, star, name) for star in self.giving(path, known, first))

    def _gives_by_star(self, importer: str, star: str, name: str) -> bool:
        """Say whether a name that a file takes from a module with `*` may open something."""
        place = self.find(star, importer)
        return place is not None and self._gives((place[0], (*place[1], *name.split("."))))

    def giving(self, path: str, known: Outline, name: str) -> Iterator[str]:
        """Yield the modules imported with `*` that may give a name; packages of hundreds are asked for every name."""
        for star in known.stars:
            if (path, star) not in self._starred:
                self._starred[path, star] = self._given(star, path)
            names = self._starred[path, star]
            if names is None or name in names:
                yield star

    def _given(self, star: str, importer: str) -> frozenset[str] | None:
        """Give the names that `*` takes from a module, None where they are not its own alone."""
        if star.partition(".")[0] in STANDARD:
            return frozenset()
        module = self.find(star, importer)
        if module is None:
            return frozenset()
        known = self.outline(module[0])
        return None if known is None or known.stars or module[1] else frozenset(known.regions).union(known.imports)

    def _is_opener(self, path: str, region: Region) -> bool:
        """Say whether a function may return what it opens, or an object of a class may own something and release it."""
        known = self.outline(path)
        if known is None:
            return False
        if region.is_class:
            is_resource = known.is_catalogued(region)
            return is_resource or (self._has_release(path, region.name) and self._opens(path, known, region))
        return self._opens(path, known, region)

    def _opens(self, path: str, known: Outline, region: Region) -> bool:
        if not known.may_return(region):
            return False
        if known.may_acquire(region):
            return True
        if any(self._leads_on(path, known, region, place, chain) for place, chain in known.calls_in(region)):
            return True
        if not (region.is_class or region.is_assigned):
            return False
        named = [*known.named_in(region)]
        called = [f"{one}.{CALL}" for one in named] if region.is_assigned else []
        return any(self._chain_opens(path, known, region, base) for base in [*named, *called])

    def _leads_on(self, path: str, known: Outline, region: Region, place: int, chain: str) -> bool:
        """Say whether a call in a region may open something, and its result is returned or kept.

        What costs less is asked first: of names in the same text most verdicts are known, for others files are read.
        """
        if chain.partition(".")[0] in known.imports:
            return known.hands_on(place, region) and self._chain_opens(path, known, region, chain)
        return self._chain_opens(path, known, region, chain) and known.hands_on(place, region)

    def _chain_opens(self, path: str, known: Outline, region: Region, chain: str) -> bool:
        """Say whether what a region calls, or names as a base, may open something."""
        first, _, rest = chain.partition(".")
        if first in ("self", "cls"):
            owner = region.name if region.is_class else region.owner  # of a class all the methods are read together
            made = f"{owner}.{rest}" if rest else region.owner  # `cls()`, which tells nothing of the class itself
            return owner is not None and made is not None and (bool(rest) or first == "cls") and self._may_open(path, made)
        return chain != region.name and (first in known.regions or first in known.imports) and self._may_open(path, chain)

    def _has_release(self, path: str, name: str) -> bool:
        """Say whether a class, or a base of it, has a release method; a base that nobody knows may have one."""
        waiting, seen = [(path, name)], set()
        while waiting:
            place = waiting.pop()
            if place in seen:
                continue
            seen.add(place)
            known = self.outline(place[0])
            if known is None or place[1] in known.releasing:
                return True
            regions = [one for one in known.definitions(place[1]) if one.is_class]
            named = [base for one in regions for base in known.bases(one)] if regions else [place[1]]
            for base in named:
                first, _, rest = base.partition(".")
                if first in known.regions and not rest:
                    waiting.append((place[0], first))
                for target in known.imports.get(first, ()):
                    module = self.find(f"{target}.{rest}" if rest else target, place[0])
                    if module is None or len(module[1]) != 1:
                        return True
                    waiting.append((module[0], module[1][0]))
        return False

    def outline(self, path: str, text: str | None = None) -> Outline | None:
        """Give the outline of a file, read from the text where one is given; None where it cannot be read."""
        if path in self._outlines:
            self._outlines.move_to_end(path)
            return self._outlines[path]
        if text is None:
            try:
                with open(path, encoding="utf-8", errors="replace") as file:
                    text = file.read()
            except OSError:
                text = None
        self._outlines[path] = None if text is None else outline(text, self._catalogue)
        if len(self._outlines) > KEPT:
            self._outlines.popitem(last=False)
        return self._outlines[path]
