"""Every entry of the catalogue in use: what it opens leaks where it is left, and is silent released or in a with.

The texts are made of the facts; what depends on more than one fact stands in the table of test_catalogue_cases.py.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from leaklint.catalogue import library, load
from leaklint.model.resource import Effect, Resource, Summary, Variant, With

Marks = Callable[[str], list[tuple[int, str]]]
FILES = library.paths()
GENERAL = ("<stream>", "<unknown>")


@dataclass(frozen=True, slots=True)
class Opening:
    """How something is opened: a call, the parameters it needs, the kinds that it gives, and a method to call first.

    Where the result is a tuple, `kinds` has None for what is no resource; where it is a list, `is_list` is true.
    """

    name: str
    call: str
    parameters: str
    kinds: tuple[Resource | None, ...]
    opener: str | None
    is_coroutine: bool
    is_tuple: bool = False
    is_list: bool = False

    @property
    def resources(self) -> list[tuple[str, Resource]]:
        """Give the resources that it gives, with the names they are given here."""
        return [(f"thing{number or ''}", one) for number, one in enumerate(self.kinds) if one is not None]

    @property
    def is_async(self) -> bool:
        """Say whether it belongs into a coroutine."""
        return self.is_coroutine or any(has_to_be_awaited(one) for _, one in self.resources)


def has_to_be_awaited(one: Resource) -> bool:
    is_plain = one.releases or one.release_functions or one.sync_with is With.RELEASES
    return one.loop_bound is not None or not is_plain


@cache
def openings(file: Path) -> tuple[Opening, ...]:
    """Give the ways to open something that a file describes."""
    entries = library.read(file)
    catalogue = load()
    found: list[Opening] = []
    for name, summary in (*entries.constructors.items(), *entries.summaries.items()):
        resolved = None if name.startswith("*.") else catalogue.summary(name)
        chosen = None if resolved is None else arguments(resolved)
        if resolved is None or chosen is None:
            continue
        kinds, text = chosen
        resources = tuple(None if kind is None else catalogue.resource(kind) for kind in kinds)
        if any(one is not None and one.silent is None for one in resources):
            owner, _, method = name.rpartition(".")
            is_method = name in entries.summaries and catalogue.resource(owner) is not None
            called = ("owner" if method == "__call__" else f"owner.{method}") if is_method else name
            call = f"{called}({text})"
            found.append(
                Opening(
                    name,
                    call,
                    f"owner: {owner}" if is_method else "",
                    resources if resolved.is_tuple else resources[:1],
                    first_opener(resources[0], summary, entries),
                    summary.is_coroutine,
                    resolved.is_tuple,
                    resolved.contains is not None,
                )
            )
    return tuple(found)


def arguments(summary: Summary) -> tuple[tuple[str | None, ...], str] | None:
    """Give the kinds that a call gives, and the arguments with which it does."""
    if summary.contains is not None:
        return (summary.contains,), ""
    unmet = [one for one in summary.variants if one.condition.arguments]
    if any(summary.acquires) and not any(met_by_nothing(one) and (one.is_silent or one.acquires is not None) for one in unmet):
        return summary.acquires, ""
    for one in unmet:
        text = written(one)
        if one.acquires and text is not None:
            return one.acquires, text
    return (summary.acquires, present(unmet)) if any(summary.acquires) else None


def met_by_nothing(variant: Variant) -> bool:
    """Say whether a call without arguments meets the condition."""
    return all(value == "<absent>" for _, value in variant.condition.arguments)


def present(variants: list[Variant]) -> str:
    """Write literals for the parameters without which nothing is opened."""
    absent = {name for one in variants for name, value in one.condition.arguments if value == "<absent>"}
    return ", ".join(f"{name}='x'" for name in sorted(absent))


def written(variant: Variant) -> str | None:
    """Write the arguments that a condition asks for."""
    found: list[str] = []
    for name, value in variant.condition.arguments:
        if value in GENERAL or (isinstance(value, str) and "." in value):
            return None
        if value != "<absent>":
            found.append(f"{name}={'given()' if value == '<given>' else repr(value)}")
    return ", ".join(found)


def first_opener(resource: Resource | None, summary: Summary, entries: library.Library) -> str | None:
    """Give the method that begins the obligation, where the call does not."""
    if resource is None:
        return None
    if resource.opened_by:
        return None if "__enter__" in resource.opened_by else min(resource.opened_by).replace("*", "use")
    if all(one.condition.arguments for one in summary.variants):
        return None
    found = (name for name, one in entries.summaries.items() if one.effects.get("self") is Effect.OPENS)
    return next((name.rpartition(".")[2] for name in found if name.startswith(f"{resource.name}.")), None)


def function(opening: Opening, kind: str, lines: list[str]) -> str:
    """Write a module of one function."""
    head = "async def" if opening.is_async else "def"
    body = "".join(f"    {line}\n" for line in lines)
    roots = {
        name.partition(".")[0]
        for name in (opening.name, *(one for _, kind in opening.resources for one in kind.release_functions))
    }
    return f"import {', '.join(sorted(roots))}\n\n\n{head} {kind}({opening.parameters}):\n{body}"


def opened(opening: Opening) -> list[str]:
    """Write the lines after which it is open."""
    names = [name for name, _ in opening.resources]
    targets = "thing"
    if opening.is_tuple:
        targets = ", ".join(f"thing{number or ''}" if one is not None else "_" for number, one in enumerate(opening.kinds))
    lines = [f"{targets} = {'await ' if opening.is_coroutine else ''}{opening.call}"]
    return lines if opening.opener is None else [*lines, *(f"{name}.{opening.opener}()" for name in names)]


def releases(opening: Opening) -> Iterator[list[str]]:
    """Write each way to release it all."""
    ways = [list(released(name, one, opening.is_async)) for name, one in opening.resources]
    for number in range(max(map(len, ways), default=0)):
        lines = [way[min(number, len(way) - 1)] for way in ways]
        yield [f"for thing in {opening.resources[0][0]}:", *(f"    {line}" for line in lines)] if opening.is_list else lines


def released(name: str, resource: Resource, is_async: bool) -> Iterator[str]:
    """Write each way to release one resource."""
    yield from (f"{name}.{method}()" for method in sorted(resource.releases))
    yield from (f"{function}({name})" for function in sorted(resource.release_functions))
    yield from (f"await {name}.{method}()" for method in sorted(resource.async_releases) if is_async)


def withs(opening: Opening) -> Iterator[str]:
    """Write each with that releases it."""
    found = opening.resources[0][1]
    if opening.is_tuple or opening.is_list:
        return
    if found.sync_with is With.RELEASES:
        yield f"with {'await ' if opening.is_coroutine else ''}{opening.call} as thing:"
    if found.async_with is With.RELEASES and opening.is_async:
        yield f"async with {opening.call} as thing:"


def is_owed(opening: Opening) -> bool:
    """Say whether leaving it is a leak: what only a with opens owes nothing before."""
    return not any("__enter__" in one.opened_by for _, one in opening.resources)


def is_for_fixtures(opening: Opening) -> bool:
    """Say whether only fixtures owe its release."""
    return all(one.only_in_fixtures for _, one in opening.resources)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_entry_that_acquires_is_tried(file: Path) -> None:
    entries, catalogue = library.read(file), load()
    tried = {opening.name for opening in openings(file)}
    for name, summary in (*entries.constructors.items(), *entries.summaries.items()):
        kinds = (*summary.acquires, summary.contains, *(kind for one in summary.variants for kind in one.acquires or ()))
        resources = [catalogue.resource(kind) for kind in kinds if kind is not None]
        if any(one is not None and one.silent is None for one in resources):
            assert name in tried or name.startswith("*."), name


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_is_left_open_leaks(file: Path, marks: Marks) -> None:
    for opening in filter(is_owed, openings(file)):
        text = function(opening, "leave", [*opened(opening), "print('used')"])
        found = [mark for mark in marks(text) if mark[0] == 5]  # what its opener gives may leak, too
        if is_for_fixtures(opening):
            assert found == [], text
        else:
            assert 1 <= len(found) <= len(opening.resources), text
            expected = "LKR203" if opening.resources[0][1].is_loop else "LKR101"
            assert set(found) == {(5, expected)}, text


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_only_fixtures_owe_leaks_in_a_fixture(file: Path, marks: Marks) -> None:
    for opening in filter(is_for_fixtures, openings(file)):
        text = function(opening, "leave", [*opened(opening), "return thing"])
        text = "import pytest\n" + text.replace("\ndef ", "\n@pytest.fixture\ndef ")
        assert [code for _, code in marks(text)] == ["LKR301"], text


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_is_released_does_not(file: Path, marks: Marks) -> None:
    for opening in openings(file):
        first, *rest = opened(opening)
        for release in releases(opening):
            guarded = [f"    {line}" for line in (*rest, "print('used')")]
            text = function(opening, "release", [first, "try:", *guarded, "finally:", *(f"    {line}" for line in release)])
            assert marks(text) == [], text


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_is_in_a_with_does_not(file: Path, marks: Marks) -> None:
    for opening in openings(file):
        for line in withs(opening):
            text = function(opening, "enter", [line, "    print('used')"])
            assert marks(text) == [], text


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_needs_no_release_is_silent(file: Path, marks: Marks) -> None:
    entries = library.read(file)
    silent = [one.name for one in entries.resources.values() if one.silent is not None and not one.is_virtual]
    for name in silent:
        text = f"import {name.partition('.')[0]}\n\n\ndef make():\n    thing = {name}()\n    print(thing)\n"
        assert marks(text) == [], text
