"""How a baseline changes: what of it is gone, and what it is after a run. It reads nothing and knows no linter."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from leaklint.baseline.file import Marks
from leaklint.baseline.marks import Mark
from leaklint.model.data import dataclass


@dataclass(frozen=True, slots=True)
class Seen:
    """What a run found in one file. It says nothing of codes that it was not asked for."""

    marks: Counter[Mark]
    is_selected: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Gone:
    """What is in a baseline and was not found any more, `count` times."""

    path: str
    mark: Mark
    count: int


def gone(known: Mapping[str, Marks], seen: Mapping[str, Seen], exists: Callable[[str], bool]) -> list[Gone]:
    """Give what is gone: of the files that were looked at, and of those that are no more."""
    missing: list[Gone] = []
    for path, marks in sorted(known.items()):
        looked = seen.get(path)
        if looked is None and exists(path):
            continue
        for mark, count in sorted(marks.items()):
            left = 0 if looked is None else looked.marks[mark] if looked.is_selected(mark.code) else count
            if left < count:
                missing.append(Gone(path, mark, count - left))
    return missing


def without(known: Mapping[str, Marks], missing: Iterable[Gone]) -> dict[str, Marks]:
    """Give what is known without what is gone."""
    left = {path: Counter(marks) for path, marks in known.items()}
    for one in missing:
        left[one.path][one.mark] -= one.count
    return {path: +marks for path, marks in left.items() if +marks}


def renewed(known: Mapping[str, Marks], seen: Mapping[str, Seen], exists: Callable[[str], bool]) -> dict[str, Marks]:
    """Give what is known after a run: what is gone is out, what was found is in."""
    left = without(known, gone(known, seen, exists))
    return left | {path: Counter(left.get(path, {})) | looked.marks for path, looked in seen.items() if looked.marks}
