"""`leaklint catalogue list` and `verify`: what the catalogue knows, and whether the installed libraries agree with it."""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from leaklint.catalogue import CatalogueError, contributed, library, load
from leaklint.catalogue.heading import Heading, read_heading
from leaklint.catalogue.verify import disagreements, subject_of
from leaklint.commands.scope import Trouble, complain, counted
from leaklint.model.data import dataclass

UNVERIFIED = "unverified"
SUFFIX = ".toml"


@dataclass(frozen=True, slots=True)
class Listed:
    """One library of the catalogue: the kinds that must be released, and those that need not be and why."""

    heading: Heading
    kinds: tuple[str, ...]
    silent: dict[str, str]


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of one library: `version` is None where it is not installed."""

    heading: Heading
    version: str | None
    disagreements: tuple[str, ...] = ()


def show_list(form: str = "text") -> int:
    """Print every library with its kinds and the version it was verified against; give the exit status.

    What installed libraries ship themselves comes last; a file of theirs that is wrong is named, for linting leaves it out.
    """
    listed, has_trouble = [_listed(path) for path in library.paths()], False
    for path in contributed.files().values():
        try:
            listed.append(_listed(path))
        except CatalogueError as error:
            complain(f"leaklint: {path.parent}{os.sep}{error}; it is left out")
            has_trouble = True
    _show(listed, form)
    return 2 if has_trouble else 0


def _show(listed: Sequence[Listed], form: str) -> None:
    if form == "json":
        print(json.dumps([_list_object(one) for one in listed], indent=2))
        return
    names = max(len(one.heading.library) for one in listed)
    states = max(len(_state(one.heading)) for one in listed)
    for one in listed:
        print(f"{one.heading.library:{names}}  {_state(one.heading):{states}}  {_kinds_text(one)}".rstrip())
    others = [one for one in listed if not one.heading.is_standard]
    verified = sum(one.heading.version is not None for one in others)
    modules = counted(len(listed) - len(others), "module")
    print(f"{counted(len(others), 'librar', 'y', 'ies')} ({verified} verified), {modules} of the standard library")


def verify(names: Sequence[str], form: str = "text") -> int:
    """Compare libraries with what is installed, print, and give the exit status; all that are installed by default.

    Raises Trouble where a name is no library of the catalogue.
    """
    results = [_verified(path) for path in (_path(name) for name in names)] or [_verified(path) for path in library.paths()]
    missing = [one.heading.library for one in results if one.version is None]
    if form == "json":
        print(json.dumps([_verify_object(one) for one in results], indent=2))
    else:
        for line in _verify_lines(results, len(missing)):
            print(line)
    if names and missing:
        complain(f"leaklint: not installed: {', '.join(missing)}")
        return 2
    return 1 if any(one.disagreements for one in results) else 0


def _path(name: str) -> Path:
    """Give the file of a library: by its top-level module, by its own name, or the path of a file."""
    if name.endswith(SUFFIX) and Path(name).is_file():
        return Path(name)
    paths = {**contributed.files(), **{path.stem: path for path in reversed(library.paths())}}
    if name not in paths:
        paths |= {heading.library.lower(): heading.path for heading in map(read_heading, library.paths())}
    path = paths.get(name) or paths.get(name.lower())
    if path is None:
        raise Trouble(f"no library {name} in the catalogue; `leaklint catalogue list` shows them all")
    return path


def _listed(path: Path) -> Listed:
    entries = library.read(path)
    load().joined(entries)  # for its errors
    resources = entries.resources
    silent = {name: one.silent for name, one in resources.items() if one.silent is not None}
    return Listed(read_heading(path), tuple(name for name in resources if name not in silent), silent)


def _verified(path: Path) -> Verified:
    subject = subject_of(path)
    if subject is None:
        return Verified(read_heading(path), None)
    return Verified(subject.heading, subject.version, tuple(disagreements(subject)))


def _state(heading: Heading) -> str:
    return UNVERIFIED if heading.version is None else f"{_several(heading.version)} ({heading.date})"


def _several(version: str) -> str:
    """Shorten the versions of several packages to the first."""
    first, *rest = version.split(", ")
    return f"{first}, ..." if rest else first


def _kinds_text(listed: Listed) -> str:
    kinds = ", ".join(listed.kinds)
    silent = f"no release: {', '.join(listed.silent)}" if listed.silent else ""
    return "; ".join(part for part in (kinds, silent) if part)


def _list_object(listed: Listed) -> dict[str, object]:
    heading = listed.heading
    return {
        "library": heading.library,
        "module": heading.module,
        "packages": [] if heading.is_standard else list(heading.packages),
        "verified": None if heading.version is None else {"version": heading.version, "date": heading.date},
        "kinds": list(listed.kinds),
        "silent": listed.silent,
    }


def _verify_object(result: Verified) -> dict[str, object]:
    return {
        "library": result.heading.library,
        "module": result.heading.module,
        "version": result.version,
        "disagreements": list(result.disagreements),
    }


def _verify_lines(results: Iterable[Verified], missing: int) -> Iterator[str]:
    agreeing = different = 0
    for one in results:
        if one.version is None:
            continue
        for line in one.disagreements:
            yield f"{one.heading.library} {one.version}: {line}"
        agreeing += not one.disagreements
        different += bool(one.disagreements)
    yield f"{counted(agreeing, 'librar', 'y', 'ies')} verified, {different} in disagreement, {missing} not installed"
