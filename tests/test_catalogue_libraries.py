"""Every entry of the catalogue in use: what it opens leaks where it is left, and is silent released or in a with.

The texts are made of the facts; what depends on more than one fact stands in the table of test_catalogue_cases.py.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from leaklint.catalogue import library, load
from leaklint.catalogue.library import DATA
from leaklint.model.resource import Effect, Resource, Summary, Variant, With

Marks = Callable[[str], list[tuple[int, str]]]
FILES = sorted(DATA.glob("*.toml"))


@dataclass(frozen=True, slots=True)
class Opening:
    """How something is opened: an expression, the parameters it needs, the kind that it gives, and a method to call first."""

    name: str
    call: str
    parameters: str
    resource: Resource
    opener: str | None
    is_coroutine: bool

    @property
    def is_async(self) -> bool:
        """Say whether it belongs into a coroutine."""
        found = self.resource
        return self.is_coroutine or found.loop_bound is not None or not (found.releases or found.sync_with is With.RELEASES)


@cache
def openings(file: Path) -> tuple[Opening, ...]:
    """Give the ways to open something that a file describes; what needs a tuple or a stream is left out."""
    entries = library.read(file)
    catalogue = load()
    found: list[Opening] = []
    for name, summary in (*entries.constructors.items(), *entries.summaries.items()):
        resolved = catalogue.summary(name)
        chosen = None if resolved is None or resolved.is_tuple else arguments(resolved)
        if resolved is None or chosen is None or name.startswith("*."):
            continue
        kind, text = chosen
        resource = catalogue.resource(kind)
        if resource is not None and resource.silent is None and not resource.only_in_fixtures:
            owner = name.rpartition(".")[0]
            is_method = name in entries.summaries and catalogue.resource(owner) is not None
            call = f"owner.{name.rpartition('.')[2]}({text})" if is_method else f"{name}({text})"
            opener = first_opener(resource, summary, entries)
            found.append(Opening(name, call, f"owner: {owner}" if is_method else "", resource, opener, summary.is_coroutine))
    return tuple(found)


def arguments(summary: Summary) -> tuple[str, str] | None:
    """Give the kind that a call gives, and the arguments with which it does."""
    is_made_closed = any(not one.condition.arguments for one in summary.variants)
    if summary.acquires and summary.acquires[0] is not None and not any(met_by_nothing(one) for one in summary.variants):
        return summary.acquires[0], ""
    for one in summary.variants:
        text = written(one)
        if one.acquires and one.acquires[0] is not None and text is not None:
            return one.acquires[0], text
    return (summary.acquires[0], "") if is_made_closed and summary.acquires and summary.acquires[0] else None


def met_by_nothing(variant: Variant) -> bool:
    """Say whether a call without arguments meets the condition."""
    return all(value == "<absent>" for _, value in variant.condition.arguments)


def written(variant: Variant) -> str | None:
    """Write the arguments that a condition asks for."""
    found: list[str] = []
    for name, value in variant.condition.arguments:
        if value in ("<stream>", "<unknown>") or (isinstance(value, str) and "." in value):
            return None
        if value != "<absent>":
            found.append(f"{name}={'given()' if value == '<given>' else repr(value)}")
    return ", ".join(found)


def first_opener(resource: Resource, summary: Summary, entries: library.Library) -> str | None:
    """Give the method that begins the obligation, where the call does not."""
    if resource.opened_by:
        return None if "__enter__" in resource.opened_by else min(resource.opened_by).replace("*", "use")
    if not any(not one.condition.arguments for one in summary.variants) or (arguments(summary) or ("", ""))[1]:
        return None
    found = (name for name, one in entries.summaries.items() if one.effects.get("self") is Effect.OPENS)
    return next((name.rpartition(".")[2] for name in found if name.startswith(f"{resource.name}.")), None)


def function(opening: Opening, kind: str, lines: list[str]) -> str:
    """Write a module of one function."""
    head = "async def" if opening.is_async else "def"
    body = "".join(f"    {line}\n" for line in lines)
    return f"import {opening.name.partition('.')[0]}\n\n\n{head} {kind}({opening.parameters}):\n{body}"


def opened(opening: Opening) -> list[str]:
    """Write the lines after which it is open."""
    lines = [f"thing = {'await ' if opening.is_coroutine else ''}{opening.call}"]
    return lines if opening.opener is None else [*lines, f"thing.{opening.opener}()"]


def releases(opening: Opening) -> Iterator[str]:
    """Write each way to release it."""
    yield from (f"thing.{method}()" for method in sorted(opening.resource.releases))
    yield from (f"await thing.{method}()" for method in sorted(opening.resource.async_releases) if opening.is_async)


def withs(opening: Opening) -> Iterator[str]:
    """Write each with that releases it."""
    found = opening.resource
    if found.sync_with is With.RELEASES:
        yield f"with {'await ' if opening.is_coroutine else ''}{opening.call} as thing:"
    if found.async_with is With.RELEASES and opening.is_async:
        yield f"async with {opening.call} as thing:"


def is_owed(opening: Opening) -> bool:
    """Say whether leaving it is a leak: what only a with opens owes nothing before."""
    return "__enter__" not in opening.resource.opened_by


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_is_left_open_leaks(file: Path, marks: Marks) -> None:
    for opening in filter(is_owed, openings(file)):
        text = function(opening, "leave", [*opened(opening), "print('used')"])
        assert marks(text) == [(5, "LKR203" if opening.resource.is_loop else "LKR101")], text


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_is_released_does_not(file: Path, marks: Marks) -> None:
    for opening in openings(file):
        first, *rest = opened(opening)
        for release in releases(opening):
            guarded = [f"    {line}" for line in (*rest, "print('used')")]
            text = function(opening, "release", [first, "try:", *guarded, "finally:", f"    {release}"])
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
