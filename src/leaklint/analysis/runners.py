"""Which names may run an event loop, over the modules of a project, as their texts promise: nothing is parsed for it.

A name that it does not give runs no loop; one that it gives may turn out not to.
"""

import re
from bisect import bisect_left

from leaklint.analysis.openers import ATTRIBUTE, Openers, Place
from leaklint.analysis.outline import Outline, Region
from leaklint.analysis.prefilter import LOOP_LIBRARIES, STANDARD, imported_roots
from leaklint.analysis.search import Search

ALWAYS = re.compile(r"\.run_(?:until_complete|forever)\b")
IMPORTED = re.compile(r"\b(?:run|run_until_complete|run_forever)\b\s*[(,)\n]")
RENAMED = re.compile(r"\bimport\b[^\n]*\brun\s+as\s+(\w+)")


class Runners:
    """What the texts of first-party modules say of who runs a loop."""

    def __init__(self, openers: Openers) -> None:
        self._openers = openers
        self._verdicts: Search[tuple[str, str]] = Search()  # of a name in a file: may it run a loop?
        self._places: dict[str, tuple[str, list[int]]] = {}

    def words(self, text: str, path: str) -> frozenset[str]:
        """Give the names, imported from first-party modules or defined in a text, whose call may run a loop."""
        known = self._openers.outline(path, text)
        if known is None:
            return frozenset()
        if self._places.get(path, (text, []))[0] != text:
            self._verdicts.clear()
        attributes = frozenset(ATTRIBUTE.findall(text))
        found: set[str] = set()
        for local, place in self._openers.links(path, known):
            if self._leads_to(place):
                found.add(local)
            found.update(self._members(place, attributes))
        for name, regions in known.regions.items():
            for region in regions:
                if name not in found and self._may_run(path, f"{region.owner}.{name}" if region.owner else name):
                    found.add(name)
        return frozenset(found - {"__init__", "__new__"})

    def _leads(self, importer: str, dotted: str) -> bool:
        place = self._openers.find(dotted, importer) if dotted.partition(".")[0] not in STANDARD else None
        return place is not None and self._leads_to(place)

    def _leads_to(self, place: Place) -> bool:
        path, names = place
        return 1 <= len(names) <= 2 and self._may_run(path, ".".join(names))

    def _members(self, place: Place, asked: frozenset[str]) -> list[str]:
        """Give those of some names that may run a loop in an imported module, or as methods of an imported class."""
        path, names = place
        known = self._openers.outline(path)
        if known is None:
            return []
        if not names:
            return [name for name in asked if name in known.regions and self._may_run(path, name)]
        methods = known.methods.get(names[0], ())
        return [one.name for one in methods if one.name in asked and self._may_run(path, f"{one.owner}.{one.name}")]

    def _may_run(self, path: str, name: str) -> bool:
        return self._verdicts.ask((path, name), self._look)

    def _look(self, place: tuple[str, str]) -> bool:
        path, name = place
        known = self._openers.outline(path)
        if known is None:
            return False
        first, _, rest = name.partition(".")
        if first in known.regions:
            if rest:
                return any(self._runs(path, known, one) for one in known.methods.get(first, ()) if one.name == rest)
            return any(self._runs(path, known, one) for one in known.regions[first])
        targets = [f"{target}.{rest}" if rest else target for target in known.imports.get(first, ())]
        targets += [
            f"{star}{name}" if star.endswith(".") else f"{star}.{name}" for star in self._openers.giving(path, known, first)
        ]
        return any(self._leads(path, target) for target in targets)

    def _runs(self, path: str, known: Outline, region: Region) -> bool:
        """Say whether a word that runs a loop stands in a plain function, or in one that it calls; in a class, its builder."""
        if region.is_class:
            builders = [one for one in known.methods.get(region.name, ()) if one.name in ("__init__", "__new__")]
            return any(self._runs(path, known, one) for one in builders)
        if known.text.startswith("async", region.start) or known.text[region.start : region.end].lstrip().startswith("async"):
            return False
        places = self._places_of(path, known)
        first = bisect_left(places, region.start)
        if first < len(places) and places[first] < region.end:
            return True
        return any(self._calls(path, known, region, chain) for _, chain in known.calls_in(region))

    def _calls(self, path: str, known: Outline, region: Region, chain: str) -> bool:
        first, _, rest = chain.partition(".")
        if first in ("self", "cls"):
            return region.owner is not None and bool(rest) and self._may_run(path, f"{region.owner}.{rest}")
        return chain != region.name and (first in known.regions or first in known.imports) and self._may_run(path, chain)

    def _places_of(self, path: str, known: Outline) -> list[int]:
        """Give the offsets of the words that run a loop."""
        if path not in self._places or self._places[path][0] is not known.text:
            places = {match.start() for match in ALWAYS.finditer(known.text)}
            if imported_roots(known.text) & LOOP_LIBRARIES:
                places |= {match.start() for match in IMPORTED.finditer(known.text)}
                for name in RENAMED.findall(known.text):
                    places |= {match.start() for match in re.finditer(rf"\b{name}\s*\(", known.text)}
            self._places[path] = (known.text, sorted(places))
        return self._places[path][1]
