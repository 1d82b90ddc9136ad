"""The stores at one point of a program that are kept apart, for they differ in a guard.

A guard is a tested name that is None, True, False or something else; so `f = None ... if f: f.close()` needs no special
case. There are never more than a bound.
"""

import functools
from collections.abc import Iterable

from leaklint.analysis.store import Store
from leaklint.analysis.values import OTHER, Constant, Site, Values

BOUND = 12  # stores kept apart at a point
Key = frozenset[tuple[object, object]] | frozenset[Site]
NO_KEY: Key = frozenset()
NO_GUARDS: frozenset[str] = frozenset()


class Stores:
    """The stores at one point, by the guards in which they differ."""

    __slots__ = ("by_key", "by_sites", "guards")

    def __init__(self, guards: frozenset[str], stores: Iterable[Store] = ()) -> None:
        self.guards = guards
        self.by_key: dict[Key, Store] = {}
        self.by_sites = False
        for store in stores:
            self.add(store)

    def add(self, store: Store) -> bool:
        """Join a store into the one with the same guards; say whether anything changed."""
        key = self._key(store)
        known = self.by_key.get(key)
        if known is not None:
            return known.absorb(store)
        if len(self.by_key) >= BOUND:
            return self._collapse(store)
        self.by_key[key] = store
        return True

    def absorb(self, other: "Stores") -> bool:
        """Join other stores into these, which keep them; say whether anything changed."""
        changed = False
        for store in other.by_key.values():
            changed |= self.add(store)
        return changed

    def to_run(self) -> list[Store]:
        """Give the stores that are new or have changed since they were last given: of the others all is passed on."""
        waiting = [store for store in self.by_key.values() if store.run_version != store.version]
        for store in waiting:
            store.run_version = store.version
        return waiting

    def _collapse(self, store: Store) -> bool:
        """Keep apart only what differs in the sites that are open; where that is too much as well, nothing."""
        self.guards = NO_GUARDS
        self.by_sites = not self.by_sites
        stores = [*self.by_key.values(), store]
        self.by_key = {}
        for one in stores:
            self.add(one)
        return True

    def _key(self, store: Store) -> Key:
        if self.by_sites:
            return frozenset(site for site in store.sites if store.is_open(site))
        env = store.env
        if not self.guards:
            return NO_KEY
        guards = self.guards  # of a long function there are many, of the names that are still needed few
        return frozenset([(name, _guard(values)) for name, values in env.items() if name in guards])


@functools.lru_cache(maxsize=4096)  # a long function asks of the same few values at every edge
def _guard(values: Values) -> object:
    """Give what a test of a name could tell apart: which constants it may be, whether it may be something else."""
    if len(values) == 1:
        (value,) = values
        return ("=", value.value) if isinstance(value, Constant) else value is OTHER
    return frozenset(value.value if isinstance(value, Constant) else Ellipsis for value in values)
