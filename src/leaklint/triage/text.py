"""The verdicts for a terminal or a log: by verdict, then by the line that stands for the leaks."""

from collections.abc import Iterable, Iterator, Sequence

from leaklint.triage.case import AUTOMATIC, BY_HAND, VERDICTS, Judged, way


def lines(judged: Iterable[Judged]) -> Iterator[str]:
    """Give the lines of the report."""
    everything = [*judged]
    for verdict in VERDICTS:
        chosen = [one for one in everything if one.verdict == verdict]
        if chosen:
            yield f"{verdict}: {_counted(len(chosen), 'leak')}" + ("; run `leaklint fix`" if verdict == AUTOMATIC else "")
            for group in grouped(chosen):
                yield from _group(group)
    if not everything:
        yield "no leaks"


def grouped(judged: Iterable[Judged]) -> list[list[Judged]]:
    """Put together what has the same line, code and cure; the largest groups first."""
    groups: dict[tuple[str, ...], list[Judged]] = {}
    for one in judged:
        groups.setdefault((one.place, one.code, one.cure, one.what), []).append(one)
    return sorted(groups.values(), key=lambda group: (-len(group), group[0].place, group[0].leak.category))


def _group(group: Sequence[Judged]) -> Iterator[str]:
    first = group[0]
    tests = {one.leak.test for one in group if one.leak.test is not None}
    head = " ".join(part for part in (first.place, first.code, first.what) if part)
    yield f"  {head}: {_counted(len(group), 'leak')}" + (f" from {_counted(len(tests), 'test')}" if tests else "")
    if first.verdict == AUTOMATIC:
        return
    yield f"    {first.cure}"
    if first.verdict == BY_HAND:
        yield f"    {' < '.join(way(first.leak))}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
