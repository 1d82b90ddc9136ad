"""What a module's text promises, read without parsing: its definitions, its imports, and what its statements hand on.

It takes prose for code now and then, and seldom the other way round. The analysis asks it before a module is parsed for
the sake of another one.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cached_property

from leaklint.analysis.prefilter import MAY_CALL, STANDARD, imported_roots, imports, occurrences
from leaklint.analysis.release_words import RELEASE_METHODS
from leaklint.catalogue import Catalogue
from leaklint.model.data import dataclass, field

DEFINITION = re.compile(r"^([ \t]*)(?:async[ \t]+)?(def|class)[ \t]+(\w+)", re.MULTILINE)
CALLED = re.compile(r"\b(?<!\.)([^\W\d]\w*+(?:\.\w++)*+)\s*+\(")  # tried at every name of a text, so nothing is tried twice
NAMED = re.compile(r"(?<![\w.=])[^\W\d][\w.]*(?![\w.]*\s*=)")
ASSIGNED = re.compile(r"\s*([\w.\[\], ()]+?)\s*(?::[^=\n]+)?=(?!=)")
RETURN = re.compile(r"\b(?:return|yield)\b")
RETURNED = re.compile(r"\b(?:return|yield)\b(?=([^\n]*))")
WORD = re.compile(r"\w+")
FILLED = re.compile(r"\s*(\w+)\.(?:append|add|insert|extend|appendleft)\(")
FILLS = re.compile(r"\b(\w+)\.(?:append|add|insert|extend|appendleft)\((?=([^\n]*))")
WRAPS = re.compile(r"^[ \t]*(\w+)[ \t]*=[ \t]*(?:(?:await|yield|from)[ \t]+)*[\w.]+\((?=([^\n]*))", re.MULTILINE)
NAMING = re.compile(
    r"^[ \t]+(\w+)[ \t]*(?::[^\n=(]*|:[ \t]*\([^)=]*\)[ \t]*)?=[ \t]*([A-Za-z_][\w.]*)[ \t]*(?:#[^\n]*)?$", re.MULTILINE
)
BOUND = re.compile(r"^([^\W\d]\w*)[ \t]*(?::[^=\n]+)?=[ \t]*(?:(lambda)\b|([\w.]+)[ \t]*(\(|(?:#[^\n]*)?$))", re.MULTILINE)
STATEMENT = re.compile(r"^[^\s)\]}]", re.MULTILINE)  # where the next one of a module begins
FACTORY = re.compile(r"\b(?:default_)?[fF]actory[=(]([\w.]+)")
CONTINUED = re.compile(r"(?:[(\[{,\\=]|\b(?:or|and|else|if|await))[ \t]*(?:#[^\n]*)?$")
Moves = tuple[list[tuple[int, str, str]], list[tuple[int, str]]]  # each: offset, perhaps a name, the rest of the line
CONTINUING = ("(", "[", "{", ",", "\\", "=", "or", "and", "else", "if", "await")


@dataclass(frozen=True, slots=True)
class Region:
    """Where one definition stands in the text: offsets of characters, the end exclusive. `owner` is the class around it.

    An assigned one is a name of the module that is bound to what may be called.
    """

    name: str
    start: int
    end: int
    is_class: bool
    owner: str | None
    is_assigned: bool = False


@dataclass(eq=False, slots=True)
class Definitions:
    """The definitions of one text, by name; the methods and the classes that have a release method, by class."""

    regions: dict[str, list[Region]] = field(default_factory=dict)
    methods: dict[str, list[Region]] = field(default_factory=dict)
    releasing: set[str] = field(default_factory=set)


@dataclass(frozen=True, eq=False)
class Outline:
    """What one text promises; each part is read when first asked for, for most are never asked."""

    text: str
    catalogue: Catalogue

    @cached_property
    def imports(self) -> dict[str, list[str]]:
        """The dotted names that a local name may mean, the standard library's left out."""
        found: dict[str, list[str]] = {}
        for base, name, local in self._imported:
            dotted = name if not base else f"{base}{name}" if base.endswith(".") else f"{base}.{name}"
            if name != "*" and dotted.partition(".")[0] not in STANDARD:
                found.setdefault(local, []).append(dotted)
        return found

    @cached_property
    def stars(self) -> list[str]:
        """The modules imported with `*`."""
        return [base for base, name, _ in self._imported if name == "*"]

    @cached_property
    def _imported(self) -> list[tuple[str, str, str]]:
        return list(imports(self.text))

    @cached_property
    def places(self) -> list[int]:
        """The offsets of words that can acquire."""
        return sorted([place for word in self.words for place in occurrences(word, self.text, MAY_CALL)])

    @property
    def regions(self) -> dict[str, list[Region]]:
        """The definitions, by name."""
        return self._defined.regions

    @property
    def methods(self) -> dict[str, list[Region]]:
        """The methods, by class."""
        return self._defined.methods

    @property
    def releasing(self) -> set[str]:
        """The classes that define a release method."""
        return self._defined.releasing

    @cached_property
    def _defined(self) -> Definitions:
        found = _definitions(self.text, RELEASE_METHODS | self.catalogue.release_methods)
        callables = {owner for owner, methods in found.methods.items() if any(one.name == "__call__" for one in methods)}
        for one in _assigned(self.text, self._makers | callables):
            found.regions.setdefault(one.name, []).append(one)
        return found

    @cached_property
    def _makers(self) -> frozenset[str]:
        return self.catalogue.makers(imported_roots(self.text))

    @cached_property
    def made(self) -> frozenset[str]:
        """The names of what acquires when it is called: `self.session = sessionmaker(...)`, `factory: sessionmaker`."""
        if not self._makers:
            return frozenset()
        maker = rf"(?:\w+\.)*(?:{'|'.join(sorted(self._makers))})"
        return frozenset(re.findall(rf"\b(\w+)[ \t]*(?:=[ \t]*{maker}\(|:[ \t]*{maker}\b)", self.text))

    def bound_to(self, makers: Iterable[str]) -> set[str]:
        """Give the names, of attributes too, that are bound to what one of some makers gives."""
        words = "|".join(sorted(makers))
        return set(re.findall(rf"\b(\w+)[ \t]*=[ \t]*(?:\w+\.)*(?:{words})\(", self.text)) if words else set()

    def named(self, owner: str, attribute: str) -> list[str]:
        """Give the names that the text of a class binds an attribute of it to: `connection_class = Connection`."""
        regions = [one for one in self.definitions(owner) if one.is_class]
        return [name for place, one, name in self.namings if one == attribute and any(r.start < place < r.end for r in regions)]

    @cached_property
    def namings(self) -> list[tuple[int, str, str]]:
        """What may name a class in the body of another one: offset, attribute, name."""
        found = NAMING.finditer(self.text)
        return [(one.start(), one[1], one[2]) for one in found if one[2].rpartition(".")[2][:1].isupper()]

    @cached_property
    def objects(self) -> frozenset[str]:
        """The names that the module binds to what a call gives: `engine = create_engine(...)`."""
        return frozenset(match[1] for match in BOUND.finditer(self.text) if match[4] == "(")

    @cached_property
    def words(self) -> frozenset[str]:
        """The catalogued words that can acquire here."""
        return self.catalogue.words(imported_roots(self.text))

    @cached_property
    def callable(self) -> frozenset[str]:
        """The names that may be called here and lead to a definition: those defined or imported here, and receivers."""
        return frozenset({*self.regions, *self.imports, "self", "cls"})

    def definitions(self, name: str) -> list[Region]:
        """Give the definitions of a name outside classes."""
        return [one for one in self.regions.get(name, ()) if one.owner is None]

    def is_catalogued(self, region: Region) -> bool:
        """Say whether a class names a catalogued word in its head: it inherits from a resource."""
        first = bisect_left(self.places, region.start)
        return first < len(self.places) and self.places[first] < self.text.find(":", region.start)

    def may_acquire(self, region: Region) -> bool:
        """Say whether a catalogued word stands in a region where its result is returned, or kept in an attribute."""
        first, last = bisect_left(self.places, region.start), bisect_left(self.places, region.end)
        return any(self.hands_on(place, region) for place in self.places[first:last])

    def calls_in(self, region: Region) -> list[tuple[int, str]]:
        """Give the calls in a region of names that are defined or imported here: offset, dotted name."""
        places, calls = self._calls
        return calls[bisect_left(places, region.start) : bisect_left(places, region.end)]

    @cached_property
    def _calls(self) -> tuple[list[int], list[tuple[int, str]]]:
        """All such calls, and where they stand: regions lie in each other, and a name is asked about for several reasons."""
        known = self.callable
        found = [(one.start(), one[1]) for one in CALLED.finditer(self.text) if one[1].partition(".")[0] in known]
        return [place for place, _ in found], found

    def may_return(self, region: Region) -> bool:
        """Say whether a region may give anything to its caller: a class by its attributes, a function by a return."""
        gives = region.is_class or region.is_assigned
        return gives or any(self.text.find(word, region.start, region.end) >= 0 for word in ("return", "yield"))

    def named_in(self, region: Region) -> Iterator[str]:
        """Yield the names that stand for what is assigned, or those in the head of a class and the factories of its fields."""
        if region.is_assigned:
            yield from NAMED.findall(self.text, self.text.find("=", region.start), region.end)
            return
        yield from self.bases(region)
        for match in FACTORY.finditer(self.text, region.start, region.end):
            yield match[1]

    def bases(self, region: Region) -> list[str]:
        """Give the names in the head of a class."""
        head = self.text[region.start : self.text.find(":", region.start)]
        return NAMED.findall(head.partition("(")[2])

    def dotted_bases(self) -> list[str]:
        """Give the bases of all classes that stand in another module, named with it: `blob.Mixin`."""
        if "class " not in self.text:
            return []
        classes = [one for all in self.regions.values() for one in all if one.is_class]
        return [base for one in classes for base in self.bases(one) if "." in base]

    def hands_on(self, place: int, region: Region) -> bool:
        """Say whether the statement at a place returns what it makes, or binds it to an attribute or to what is returned."""
        if region.is_assigned:
            return True
        start = self.text.rfind("\n", 0, place) + 1
        while start > region.start:
            above = self.text.rfind("\n", 0, start - 1) + 1
            if not _is_continued(self.text[above : start - 1]):
                break
            start = above
        statement = self.text[start:place].lstrip()
        if region.is_class:
            return "self." in statement or "cls." in statement or ASSIGNED.match(statement) is not None
        if RETURN.search(statement) is not None:
            return True
        assigned = ASSIGNED.match(statement) or FILLED.match(statement)
        if assigned is None or statement.startswith(("with ", "async with ", "for ", "if ", "while ", "assert ")):
            return False
        return self._returns(set(WORD.findall(assigned[1])), place, region)

    def _returns(self, names: set[str], place: int, region: Region) -> bool:
        """Say whether one of some names, or what is filled with one or made of one, is returned below a place in a region."""
        if region.start not in self._moves:  # a function is read once, and most never: patterns over whole texts cost more
            self._moves[region.start] = _moves(self.text, region)
        fillings, returned = self._moves[region.start]
        for _, name, rest in fillings[bisect_left(fillings, (place, "", "")) :]:
            if not names.isdisjoint(WORD.findall(rest)):
                names.add(name)
        lines = [rest for _, rest in returned[bisect_left(returned, (place, "")) :]]
        return any(line.strip() == "(" or not names.isdisjoint(WORD.findall(line)) for line in lines)

    @cached_property
    def _moves(self) -> dict[int, Moves]:
        return {}


def _moves(text: str, region: Region) -> Moves:
    """Find the calls that fill a container or whose result has a name, and the returns."""
    fillings = [
        (one.start(), one[1], one[2]) for pattern in (FILLS, WRAPS) for one in pattern.finditer(text, region.start, region.end)
    ]
    returned = [(one.start(), one[1]) for one in RETURNED.finditer(text, region.start, region.end)]
    return sorted(fillings), returned


def _is_continued(line: str) -> bool:
    """Say whether a statement goes on after a line."""
    return ("#" in line or line.rstrip(" \t").endswith(CONTINUING)) and CONTINUED.search(line) is not None


def outline(text: str, catalogue: Catalogue) -> Outline:
    """Read the outline of a text."""
    return Outline(text, catalogue)


def _assigned(text: str, makers: frozenset[str]) -> Iterator[Region]:
    """Find the names of a module that are bound to a lambda, to a name, to a partial or to what a maker gives."""
    for match in BOUND.finditer(text):
        is_call = match[4] == "("
        if not is_call or match[3].rpartition(".")[2] in makers | {"partial"}:
            following = STATEMENT.search(text, match.end() + 1)
            yield Region(match[1], match.start(), following.start() if following else len(text), False, None, is_assigned=True)


def _definitions(text: str, release_methods: frozenset[str]) -> Definitions:
    """Find every definition; one ends where the next begins that is not indented more."""
    found = Definitions()
    around: list[tuple[int, str, bool, int, str | None]] = []

    def end(position: int) -> None:
        _, name, is_class, start, owner = around.pop()
        region = Region(name, start, position, is_class, owner)
        found.regions.setdefault(name, []).append(region)
        if owner is not None and not is_class:
            found.methods.setdefault(owner, []).append(region)
            if name in release_methods:
                found.releasing.add(owner)

    for match in DEFINITION.finditer(text):
        indent = len(match[1].expandtabs())
        while around and around[-1][0] >= indent:
            end(match.start())
        owner = around[-1][1] if around and around[-1][2] else None
        around.append((indent, match[3], match[2] == "class", match.start(), owner))
    while around:
        end(len(text))
    return found
