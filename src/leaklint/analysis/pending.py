"""What is being computed over the modules of a project, and which results rest on something unfinished."""

from collections.abc import Hashable

from leaklint.analysis.owners import Owner
from leaklint.analysis.setting import FunctionSummary
from leaklint.model.data import dataclass, field

DEEPEST = 10  # calls within calls that are looked into


@dataclass(eq=False, slots=True)
class Frame:
    """One computation under way: what the one around it rests on, and how many guesses there were before it."""

    key: Hashable
    outer: set[Hashable]
    summaries: int
    owners: int


@dataclass(eq=False, slots=True)
class Pending:
    """What is being computed. A result that rests on something unfinished is a guess, good until that is finished.

    So what is kept does not depend on the order in which things are asked for. `consulted` is what the computation at hand
    rests on so far; a guess is kept with what it rests on.
    """

    frames: list[Frame] = field(default_factory=list)
    consulted: set[Hashable] = field(default_factory=set)
    assumed: dict[Hashable, FunctionSummary | None] = field(default_factory=dict)  # of functions that lead to themselves
    _summaries: dict[Hashable, tuple[FunctionSummary | None, frozenset[Hashable]]] = field(default_factory=dict)
    _owners: dict[Hashable, tuple[Owner, frozenset[Hashable]]] = field(default_factory=dict)

    def is_begun(self, key: Hashable) -> bool:
        """Say whether a result is being computed; whoever asks rests on it from now on."""
        if any(frame.key == key for frame in self.frames):
            self.consulted.add(key)
            return True
        return False

    def is_too_deep(self) -> bool:
        """Say whether calls nest too deeply to look on; whoever asks has a guess from now on."""
        if len(self.frames) > DEEPEST:
            self.consulted.add(DEEPEST)
            return True
        return False

    def begin(self, key: Hashable) -> None:
        """Begin to compute a result."""
        self.frames.append(Frame(key, self.consulted, len(self._summaries), len(self._owners)))
        self.consulted = set()

    def is_circle(self) -> bool:
        """Say whether what is computed rests on itself, and on nothing else that is unfinished."""
        return self.consulted == {self.frames[-1].key}

    def begin_anew(self) -> None:
        """Compute once more what was begun last, with what is assumed of it by now."""
        self.consulted.clear()
        self._forget_guesses(self.frames[-1])

    def end(self) -> frozenset[Hashable]:
        """End what was begun last; give the unfinished things on which its result rests: none where it is for good."""
        frame = self.frames.pop()
        rests = frozenset(self.consulted - {frame.key}) if self.frames else frozenset()
        if not rests:
            self._forget_guesses(frame)
        self.consulted = frame.outer | rests
        return rests

    def _forget_guesses(self, frame: Frame) -> None:
        while len(self._summaries) > frame.summaries:
            self._summaries.popitem()
        while len(self._owners) > frame.owners:
            self._owners.popitem()

    def guess_summary(self, key: Hashable, summary: FunctionSummary | None, rests: frozenset[Hashable]) -> None:
        """Keep a summary for as long as what it rests on is unfinished."""
        self._summaries[key] = (summary, rests)

    def guessed_summary(self, key: Hashable) -> tuple[FunctionSummary | None] | None:
        """Give a summary that is a guess, in a tuple; whoever asks rests on what it rests on."""
        guess = self._summaries.get(key)
        if guess is None:
            return None
        self.consulted |= guess[1]
        return (guess[0],)

    def guess_owner(self, key: Hashable, owner: Owner, rests: frozenset[Hashable]) -> None:
        """Keep what is known of a class for as long as what it rests on is unfinished."""
        self._owners[key] = (owner, rests)

    def guessed_owner(self, key: Hashable) -> Owner | None:
        """Give what is guessed of a class; whoever asks rests on what it rests on."""
        guess = self._owners.get(key)
        if guess is None:
            return None
        self.consulted |= guess[1]
        return guess[0]
