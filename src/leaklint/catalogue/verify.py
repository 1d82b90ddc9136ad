"""Whether a file of the catalogue agrees with the installed library, as far as introspection shows.

It imports the library and looks at names, methods, coroutines, with and signatures. What a call does it cannot know.
"""

import importlib
import importlib.metadata
import inspect
import io
import pkgutil
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

from leaklint.catalogue import library
from leaklint.catalogue.heading import Heading, read_heading
from leaklint.catalogue.library import Library
from leaklint.catalogue.loader import Catalogue, load
from leaklint.model.data import dataclass
from leaklint.model.resource import Resource, Summary, With

# What importing or asking somebody else's module may raise.
BROKEN = (ImportError, AttributeError, LookupError, TypeError, ValueError, RuntimeError, OSError, SyntaxError, AssertionError)
WITHS = ((False, "with", "__enter__"), (True, "async with", "__aenter__"))


@dataclass(frozen=True, slots=True)
class Subject:
    """A file with what is needed to check it: its entries, its head, the version that is installed."""

    heading: Heading
    entries: Library
    catalogue: Catalogue
    version: str


def subject_of(path: Path) -> Subject | None:
    """Make a file ready for checks; None where its library is not installed. Raises CatalogueError."""
    heading = read_heading(path)
    version = installed_version(heading)
    if version is None or not _is_importable(heading.module):
        return None
    entries = library.read(path)
    return Subject(heading, entries, load().joined(entries), version)


def installed_version(heading: Heading) -> str | None:
    """Give the installed version of a library, with the names of its packages where it has several; None without one."""
    if heading.is_standard:
        return ".".join(map(str, sys.version_info[:3]))
    found: list[str] = [] if heading.packages else ["unversioned"]
    for package in heading.packages:
        name = re.split(r"[\[<>=~!; ]", package, maxsplit=1)[0]
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            return None
        found.append(version if len(heading.packages) == 1 else f"{name} {version}")
    return ", ".join(found)


def disagreements(subject: Subject) -> Iterator[str]:
    """Say what a file tells of an installed library that is not so, each in one line that begins with the name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for check in (_names, _aliases, _methods, _release_functions, _awaited, _coroutines, _withs, _parameters):
            yield from check(subject)


def _is_importable(module: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            importlib.import_module(module)
        except BROKEN:
            return False
    return True


def _resolve(name: str) -> object:
    """Give the object with a dotted name; raises LookupError where there is none."""
    try:
        found: object = pkgutil.resolve_name(name)
    except BROKEN as error:
        raise LookupError(f"{name}: {error}") from None
    return found


def _found(name: str) -> object | None:
    try:
        return _resolve(name)
    except LookupError:
        return None


def _is_expected(subject: Subject, name: str, since: str | None) -> bool:
    """Say whether a name should exist in what is installed."""
    owner = subject.entries.resources.get(name.rpartition(".")[0])
    if name in subject.heading.unseen or name.startswith("*.") or (owner is not None and owner.is_virtual):
        return False
    return since is None or _numbers(subject.version) >= _numbers(since)


def _numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


def _names(subject: Subject) -> Iterator[str]:
    resources = [(one.name, one.since) for one in subject.entries.resources.values() if not one.is_virtual]
    for name, since in (*resources, *((one.name, one.since) for one in subject.entries.summaries.values())):
        if _is_expected(subject, name, since):
            try:
                _resolve(name)
            except LookupError as error:
                yield f"{name}: no such name ({error.args[0]})"


def _aliases(subject: Subject) -> Iterator[str]:
    entries = subject.entries
    for alias, name in entries.aliases.items():
        known = entries.resources.get(name) or entries.summaries.get(name)
        since = None if known is None else known.since
        if not all(_is_expected(subject, one, since) for one in (alias, name)):
            continue
        other, one = _found(alias), _found(name)
        if other is None:
            yield f"{alias}: no such name, though it is said to be {name}"
        elif known is not None and one is not None and other != one:  # what another file describes is a copy of it here
            yield f"{alias}: not the same as {name}"


def _classes(subject: Subject) -> Iterator[tuple[Resource, Resource, object]]:
    """Give the resources that are classes here, as inherited and as written, with the classes."""
    for name, own in subject.entries.resources.items():
        resource = subject.catalogue.resource(name)
        cls = None if own.is_virtual or not _is_expected(subject, name, own.since) else _found(name)
        if resource is not None and cls is not None:
            yield resource, own, cls


def _methods(subject: Subject) -> Iterator[str]:
    for resource, own, cls in _classes(subject):
        named = (
            resource.releases
            | resource.async_releases
            | resource.drains
            | resource.lazy
            | resource.opened_by
            | resource.idle_until
        )
        named |= own.fails_after_release | own.fails_released | ({resource.waits} if resource.waits else set())
        kinds = (io.TextIOWrapper, io.BufferedRandom) if cls is io.IOBase else (cls,)
        for method in sorted(named - {"*"}):
            name = f"{resource.name}.{method}"
            if _is_expected(subject, name, own.method_since.get(method)) and not any(hasattr(one, method) for one in kinds):
                yield f"{name}: no such method"


def _release_functions(subject: Subject) -> Iterator[str]:
    for own in subject.entries.resources.values():
        for function in sorted(own.release_functions):
            if _is_expected(subject, function, own.since) and _found(function) is None:
                yield f"{function}: no such function, though it is said to release {own.name}"


def _awaited(subject: Subject) -> Iterator[str]:
    """Compare the releases with what their methods are."""
    for resource, own, cls in _classes(subject):
        for method in sorted(resource.releases):
            if _is_coroutine(cls, method) and f"{resource.name}.{method}" not in subject.heading.unseen:
                yield f"{resource.name}.{method}: a coroutine, though it is listed under release"
        for method in sorted(resource.async_releases | ({resource.waits} if resource.waits else set())):
            name = f"{resource.name}.{method}"
            is_there = _is_expected(subject, name, own.method_since.get(method)) and hasattr(cls, method)
            if is_there and not _is_coroutine(cls, method) and f"await {name}" not in subject.heading.unseen:
                yield f"{name}: no coroutine, though it is said to be awaited"


def _coroutines(subject: Subject) -> Iterator[str]:
    for name, summary in subject.entries.summaries.items():
        if not _is_expected(subject, name, summary.since) or f"await {name}" in subject.heading.unseen:
            continue
        owner, _, last = name.rpartition(".")
        if _found(name) is not None and _is_coroutine(_found(owner), last) != summary.is_coroutine:
            yield f"{name}: {'no' if summary.is_coroutine else 'a'} coroutine, though the entry says otherwise"


def _is_coroutine(owner: object, method: str) -> bool:
    function: object = getattr(owner, method, None)
    wrapped: object = getattr(function, "__wrapped__", None)
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(wrapped)


def _withs(subject: Subject) -> Iterator[str]:
    for resource, _, cls in _classes(subject):
        for is_async, words, method in WITHS:
            said = resource.async_with if is_async else resource.sync_with
            if resource.silent is not None or f"{words} {resource.name}" in subject.heading.unseen:
                continue
            if said is With.ABSENT and hasattr(cls, method):
                yield f"{resource.name}: it has {method}, though the entry knows no {words}"
            if said is not With.ABSENT and not hasattr(cls, method):
                yield f"{resource.name}: it has no {method}, though the entry says that its {words} {said.value}"


def _parameters(subject: Subject) -> Iterator[str]:
    entries = subject.entries
    for name in (*entries.constructors, *entries.summaries):
        known = entries.resources.get(name) or entries.summaries[name]
        summary = subject.catalogue.summary(name)
        target = _found(name) if _is_expected(subject, name, known.since) else None
        signature = _signature(target)
        if signature is not None and summary is not None:
            yield from _compared(summary, signature)


def _signature(target: object) -> inspect.Signature | None:
    """Give the signature of something, None where it cannot be asked for."""
    try:
        return inspect.signature(target) if callable(target) else None
    except (TypeError, ValueError):
        return None


def _compared(summary: Summary, signature: inspect.Signature) -> Iterator[str]:
    """Compare the parameters of an entry with those of what it describes."""
    receivers = ("cls",) if "self" in summary.parameters else ("self", "cls")
    parameters = [one for one in signature.parameters.values() if one.name not in receivers]
    kinds = {one.kind for one in parameters}
    places = [one for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    is_short = len(places) < len(summary.parameters) and inspect.Parameter.VAR_POSITIONAL not in kinds
    # the name of a positional-only parameter is nobody's business, and changes from version to version
    pairs = zip(places, summary.parameters, strict=False)
    if is_short or any(place.kind is not place.POSITIONAL_ONLY and place.name != name for place, name in pairs):
        yield f"{summary.name}: parameters are {_shown(places)}, not {', '.join(summary.parameters)}"
    if inspect.Parameter.VAR_KEYWORD not in kinds:
        unknown = _named(summary) - {"*", "self", *summary.parameters, *(one.name for one in parameters)}
        if unknown:
            yield f"{summary.name}: no parameter {', '.join(sorted(unknown))}"


def _named(summary: Summary) -> set[str]:
    """Give the parameters that effects and conditions name."""
    found = {*summary.effects, *summary.coroutines, *summary.callbacks}
    for variant in summary.variants:
        found.update(variant.effects, (name for name, _ in variant.condition.arguments))
    return found


def _shown(places: list[inspect.Parameter]) -> str:
    return ", ".join(place.name for place in places) or "none"
