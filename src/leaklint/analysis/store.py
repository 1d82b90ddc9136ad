"""The store: what every name may hold, and what may have become of every acquisition, at one point of a program."""

from collections.abc import Iterable, Iterator, Set

from leaklint.analysis import comparing
from leaklint.analysis.ops import Comparison, Test
from leaklint.analysis.values import (
    ENTERED,
    FALSE,
    MOVED,
    NONE,
    NOTHING,
    OTHER,
    TRUE,
    UNKNOWN,
    BoundMethod,
    Box,
    Closing,
    Closure,
    Constant,
    Dependent,
    Elements,
    Field,
    Instance,
    Other,
    Part,
    Site,
    Value,
    Values,
    View,
    is_open,
)

Place = str | Box | Closure


class Store:
    """Names to values, sites to the statuses they may have; `version` changes with either.

    `run_version` is the one that a block was last run on. `has_history` stays set once a site was here: where it is
    not, no event of a site can be.
    """

    __slots__ = ("env", "has_history", "run_version", "sites", "version")

    def __init__(self, env: dict[Place, Values], sites: dict[Site, frozenset[int]], has_history: bool = False) -> None:
        self.env = env
        self.sites = sites
        self.version = 0
        self.run_version = -1
        self.has_history = has_history or bool(sites)

    def copy(self) -> "Store":
        """Give a store that changes on its own."""
        return Store(self.env.copy(), self.sites.copy(), self.has_history)

    def values(self, name: str | None) -> Values:
        """Give what a name may hold; nothing known gives the empty set."""
        return self.env.get(name, NOTHING) if name is not None else NOTHING

    def bind(self, place: Place, values: Values) -> None:
        """Let a name hold the values."""
        if values and values != UNKNOWN:
            if self.env.get(place) != values:
                self.env[place] = values
                self.version += 1
        elif place in self.env:
            del self.env[place]
            self.version += 1

    def set_status(self, site: Site, statuses: frozenset[int]) -> None:
        """Let a site have the statuses."""
        if self.sites.get(site) != statuses:
            self.sites[site] = statuses
            self.version += 1
            self.has_history = True

    def absorb(self, other: "Store") -> bool:
        """Join another store into this one; say whether it changed. A name known on one side only may hold anything."""
        changed = False
        self.has_history |= other.has_history
        env = self.env
        for place, values in other.env.items():
            own = env.get(place)
            if own is None:
                env[place] = values | UNKNOWN if isinstance(place, str) else values
                changed = True
            elif own is not values and not values <= own:
                env[place] = own | values
                changed = True
        for place in env.keys() - other.env.keys():
            if isinstance(place, str) and OTHER not in env[place]:
                env[place] = env[place] | UNKNOWN
                changed = True
        for site, statuses in other.sites.items():
            known = self.sites.get(site)
            if known is None:
                self.sites[site] = statuses
                changed = True
            elif not statuses <= known:
                self.sites[site] = known | statuses
                changed = True
        if changed:
            self.version += 1
        return changed

    def prune(self, live: Set[str]) -> None:
        """Forget the names that nothing mentions later, and the sites that are settled and that no name holds."""
        env = self.env
        for place in [one for one in env if isinstance(one, str) and one not in live and not one.startswith("?")]:
            del env[place]
        settled = [
            site
            for site, statuses in self.sites.items()
            if site.parameter is None and not any(status > 0 for status in statuses)
        ]
        if settled:
            held = set(self.held())
            for site in settled:
                if site not in held:
                    del self.sites[site]

    def held(self) -> Iterator[Site]:
        """Yield the sites that some name holds."""
        for values in self.env.values():
            yield from self.carried(values)

    def carried(self, values: Iterable[Value], seen: set[Value] | None = None, is_moving: bool = False) -> Iterator[Site]:
        """Yield the sites whose resources the values are, or carry with them, through containers.

        What is only read from is left where it is when the values move.
        """
        seen = set() if seen is None else seen
        for value in values:
            match value:
                case Site():
                    yield value
                case View(site=Site(parameter=None), is_reading=True) if is_moving:
                    pass
                case View() | Closing() | Part() | BoundMethod():
                    yield value.site
                case Box() if value not in seen:
                    seen.add(value)
                    yield from self.carried(self.env.get(value, NOTHING), seen, is_moving)
                case Elements() if value not in seen:
                    seen.add(value)
                    for element in value.values:
                        yield from self.carried(element, seen, is_moving)
                case _:
                    pass

    def contents(self, values: Iterable[Value], seen: set[Value] | None = None) -> Iterator[Site]:
        """Yield the sites that containers hold themselves, rather than something that reads from them."""
        seen = set() if seen is None else seen
        for value in values:
            if isinstance(value, Box | Elements) and value not in seen:
                seen.add(value)
                held = self.env.get(value, NOTHING) if isinstance(value, Box) else {v for e in value.values for v in e}
                yield from (one for one in held if isinstance(one, Site))
                yield from self.contents(held, seen)

    def is_open(self, site: Site) -> bool:
        """Say whether a site may be open."""
        return any(is_open(status) for status in self.sites.get(site, ()))

    def is_named(self, box: Box) -> bool:
        """Say whether a name, and not only a temporary, holds a container."""
        return any(isinstance(place, str) and place[0] != "%" and box in values for place, values in self.env.items())

    def is_only_held_by(self, names: Iterable[str | None], site: Site) -> bool:
        """Say whether of all names only the given ones hold a site; temporaries, and what only they hold, do not count."""
        apart = frozenset(names)
        return not any(
            self._holds(place, values, site) and self._is_lasting(place)
            for place, values in self.env.items()
            if place not in apart
        )

    def _is_lasting(self, place: Place) -> bool:
        if isinstance(place, str):
            return place[0] != "%"
        return any(place in values for one, values in self.env.items() if not isinstance(one, str) or one[0] != "%")

    def holders(self, site: Site, apart: str) -> list[Place]:
        """Give the names and containers, other than one name, that hold a site."""
        return [
            place
            for place, values in self.env.items()
            if place != apart and self._holds(place, values, site) and self._is_reachable(place)
        ]

    def _holds(self, place: Place, values: Values, site: Site) -> bool:
        """Say whether a place holds a site; what a spent temporary computed from it does not count."""
        if isinstance(place, str) and place[0] == "%":
            return site in values
        return any(one is site for one in self.carried(values))

    def _is_reachable(self, place: Place) -> bool:
        return isinstance(place, str) or any(place in values for values in self.env.values())

    def decides(self, test: Test) -> bool | None:
        """Say how a test of an opaque expression ends, where what its subject holds tells."""
        values = self.env.get(test.subject, NOTHING) if test.subject is not None else NOTHING
        outcomes = {truth(self, value, test) for value in values}
        return next(iter(outcomes)) if len(outcomes) == 1 else None

    def refine(
        self, test: Test, outcome: bool, is_repeated: bool = True, is_listed: bool = False, is_optional: bool = False
    ) -> bool:
        """Narrow what a tested name may hold, and note an answer that is asked for again; say whether it is possible.

        `is_listed`: what the name (or the subject) equals matters, for another test asks whether it is one of several.
        `is_optional`: it is a parameter that is None by default, so what is falsy is taken for None, and the rest for given.
        """
        if test.subject is not None:
            answer = Test(test.name, Comparison.IS_NONE if test.comparison is Comparison.IS_NONE else Comparison.TRUTH)
            asked = Test(test.subject, test.comparison, test.operand)
            is_possible = self.refine(asked, outcome, is_listed=is_listed, is_optional=is_optional)
            return is_possible and (not is_repeated or self.refine(answer, outcome))
        if not self._refine_opened(test, outcome):
            return False
        values = self.env.get(test.name)
        if values is None:
            return not is_repeated or self._learn(test, outcome, is_listed, is_optional)
        kept = frozenset(value for value in values if truth(self, value, test) in (outcome, None))
        if not kept:
            return False
        if test.comparison is Comparison.CLOSED:
            return self._refine_closed(kept, str(test.operand), outcome)
        if outcome and is_listed and all(truth(self, value, test) is None for value in kept):
            kept = comparing.told(test) or kept
        if OTHER in kept:
            kept = self._narrow_other(kept, test, outcome)
        if test.comparison is Comparison.TRUTH and not outcome:  # a parameter that is falsy is no resource here
            kept = frozenset(FALSE if isinstance(one, Site) and one.parameter is not None else one for one in kept)
        dropped = values - kept
        self.bind(test.name, kept)
        for value in dropped:
            if isinstance(value, Site) and value in self.sites and not any(one is value for one in self.held()):
                del self.sites[value]  # on this path it was never acquired, or the name would hold it
                self.version += 1
        return True

    def _refine_opened(self, test: Test, outcome: bool) -> bool:
        """A test of the name by which a file was opened: it is not empty, and where it is a file itself, nothing was."""
        opened = [site for site in self.sites if site.by == test.name and self.is_open(site)]
        if opened and comparing.is_empty(test, outcome):
            return False
        for site in opened if comparing.is_no_path(test, outcome) else ():
            self.set_status(site, frozenset((MOVED,)))
        return True

    def _learn(self, test: Test, outcome: bool, is_listed: bool, is_optional: bool) -> bool:
        """A test on something unknown tells what it is, for the next test of it."""
        match test.comparison:
            case Comparison.TRUTH | Comparison.IS_NONE if is_optional:
                is_given = outcome is (test.comparison is Comparison.TRUTH)
                self.bind(test.name, frozenset((TRUE if is_given else NONE,)))
            case Comparison.TRUTH if test.name[0] == "?" and not outcome:
                self.bind(test.name, frozenset((FALSE, NONE)))
            case Comparison.TRUTH:
                self.bind(test.name, frozenset((TRUE if outcome else FALSE,)))
            case Comparison.IS_NONE if test.name[0] == "?" and not outcome:
                self.bind(test.name, frozenset((TRUE,)))  # what is tested for None by one condition and for truth by another
            case Comparison.IS_NONE if outcome:
                self.bind(test.name, frozenset((NONE,)))
            case Comparison.EQUALS if outcome and test.operand is None:
                self.bind(test.name, frozenset((NONE,)))
            case _ if outcome and is_listed:
                self.bind(test.name, comparing.told(test))
            case _:
                pass
        return True

    def _narrow_other(self, kept: Values, test: Test, outcome: bool) -> Values:
        is_none = test.comparison is Comparison.IS_NONE or (test.comparison is Comparison.EQUALS and test.operand is None)
        return kept - UNKNOWN | {NONE} if is_none and outcome else kept

    def _refine_closed(self, kept: Values, attribute: str, outcome: bool) -> bool:
        """An attribute that is true once the resource is released (`closed`, `poll()`) tells what has become of it."""
        for value in kept:
            if not isinstance(value, Site) or value not in self.sites:
                continue
            is_inverse = attribute in value.resource.none_after_release
            if is_inverse or attribute in value.resource.closed:
                statuses = self.sites[value]
                part = value.resource.part_releases.get(attribute)
                bits = 1 << value.resource.parts.index(part) if part else ENTERED - 1
                if outcome is not is_inverse:
                    self.set_status(value, frozenset(s & ~bits if is_open(s) else s for s in statuses))
                else:
                    self.set_status(value, frozenset(s for s in statuses if s > 0) or statuses)
        return True


def truth(store: Store, value: Value, test: Test) -> bool | None:
    """Say whether a test holds of a value, None where that is unknown."""
    match test.comparison:
        case Comparison.TRUTH:
            return _is_true(store, value)
        case Comparison.IS_NONE:
            return None if isinstance(value, Other | Dependent | Field | Part) else value is NONE
        case Comparison.NOT_EMPTY:
            is_parameter = isinstance(value, Site) and value.parameter is not None
            return (
                True
                if is_parameter or (isinstance(value, Box | Elements) and any(True for _ in store.carried((value,))))
                else None
            )
        case Comparison.HAS:
            return comparing.has(value, str(test.operand))
        case Comparison.SAME:
            return _is_same(store, value, str(test.operand))
        case Comparison.INSTANCE:
            return comparing.is_instance(value, frozenset(str(test.operand).split(",")))
        case Comparison.CLOSED:
            return None
        case comparison:
            return comparing.compares(value, comparison, test.operand)


def _is_true(store: Store, value: Value) -> bool | None:
    match value:
        case Constant(value=constant):
            return bool(constant)
        case Site(is_given=True):
            return True
        case Site(parameter=parameter):  # a descriptor would be 0 only where standard input was closed before
            return None if parameter is not None else True
        case Instance() | Closing() | View():
            return True
        case Elements(values=elements):
            return bool(elements)
        case Box():
            return True if any(store.is_open(site) for site in store.carried((value,))) else None
        case _:
            return None


def _is_same(store: Store, value: Value, other: str) -> bool | None:
    values = store.values(other)
    if isinstance(value, Site) and value not in values:
        return False
    if isinstance(value, Constant) and values == {value}:
        return True
    return None


def without_open(store: Store, statement: object) -> Store:
    """Give the store that an exception carries: what the raising statement itself acquired is left out of account."""
    copy = store.copy()
    for site, statuses in store.sites.items():
        if site.statement is statement and any(is_open(status) for status in statuses):
            del copy.sites[site]
    return copy
