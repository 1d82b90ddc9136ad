"""A question about names that lead to names, in circles too: does anything that this one leads to answer yes?

It knows what was answered and what an answer rests on, and refuses to know what is asked.
"""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class Search(Generic[Key]):
    """The answers to one question. The answer to a name that leads back to itself is yes where anything in the circle says so.

    Names that lead to each other are found as strongly connected components are (Tarjan): a no that rests on a name
    still searched for is kept only when the whole component says no.
    """

    def __init__(self) -> None:
        self._answers: dict[Key, bool] = {}
        self._unsettled: list[Key] = []  # the names whose answers are in the making, as they were met
        self._places: dict[Key, int] = {}  # of the unsettled names in that list
        self._rests_on = 0  # the place of the first unsettled name that the answer in the making rests on

    def clear(self) -> None:
        """Forget every answer."""
        self._answers.clear()
        self._abandon()

    def ask(self, key: Key, look: Callable[[Key], bool]) -> bool:
        """Answer for a name; `look` asks in turn for what the name leads to."""
        known = self._answers.get(key)
        if known is not None:
            return known
        if key in self._places:
            self._rests_on = min(self._rests_on, self._places[key])
            return False
        outer, place = self._rests_on, len(self._unsettled)
        self._rests_on = self._places[key] = place
        self._unsettled.append(key)
        try:
            found = look(key)
        except RecursionError:
            self._abandon()
            raise
        if found:
            self._answers[key] = True
        if self._rests_on == place:
            self._settle(place)
            self._rests_on = outer
        else:
            self._rests_on = min(self._rests_on, outer)
        return found

    def _settle(self, place: int) -> None:
        """End with a component: one that says no throughout is settled, of another one only what says yes."""
        names = self._unsettled[place:]
        del self._unsettled[place:]
        is_settled = not any(name in self._answers for name in names)
        for name in names:
            del self._places[name]
            if is_settled:
                self._answers[name] = False

    def _abandon(self) -> None:
        self._unsettled.clear()
        self._places.clear()
        self._rests_on = 0
