"""`leaklint catalogue scan`: entries for a package that the catalogue does not know, as TOML to look over and keep."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from leaklint.analysis.files import find_module, module_name
from leaklint.analysis.proposals import Opener, Proposal, propose
from leaklint.commands.scope import Trouble, complain, counted
from leaklint.config import load_config
from leaklint.engine import Project
from leaklint.model.resource import Resource, With

SKIPPED = frozenset(("tests", "test", "_vendor", "vendor", "__pycache__"))


def scan(package: str, is_for_pyproject: bool = False) -> int:
    """Print entries for an installed or first-party package, and give the exit status; raises ConfigError and Trouble."""
    config = load_config(Path())
    places = _places(package, tuple(map(str, config.src)))
    modules = {path: _dotted(path, place, name) for place, name in places for path in _modules(place)}
    if not modules:
        raise Trouble(f"no Python source of {package} is found; expected an installed package, or one below src")
    found = propose(dict(sorted(modules.items())), Project(config).workspace)
    prefix = "tool.leaklint." if is_for_pyproject else ""
    classes = sorted(found.classes, key=lambda one: one.name)
    proposed = [_class_table(one, prefix) for one in classes if one.owns is not None]
    openers = [_opener_table(one, prefix) for one in sorted(found.openers, key=lambda one: one.name)]
    hints = [_hint(one, prefix) for one in classes if one.owns is None]
    sys.stdout.write("\n".join("\n".join([*lines, ""]) for lines in (*proposed, *openers, *hints)))
    complain(
        f"{counted(len(proposed), 'resource')} and {counted(len(openers), 'call')} proposed, "
        f"{len(hints)} commented out, {len(set(found.known))} in the catalogue already"
    )
    return 0


# --- where it is --------------------------------------------------------------------------------------------------------


def _places(package: str, sources: tuple[str, ...]) -> list[tuple[str, str]]:
    """Give the files and directories of a package, each with its dotted name. Nothing is imported.

    A package is named by a path, is first-party, or is installed.
    """
    if os.sep in package or package.endswith(".py"):
        place = os.path.abspath(package)
        return [(place, module_name(os.path.join(place, "__init__.py") if os.path.isdir(place) else place))]
    found = find_module(package, os.path.abspath("module.py"), sources)
    if found is not None and not found[1]:
        is_package = os.path.basename(found[0]) == "__init__.py"
        return [(os.path.dirname(found[0]) if is_package else found[0], package)]
    top, *rest = package.split(".")
    try:
        spec = find_spec(top)
    except (ImportError, ValueError):
        return []
    if spec is None:
        return []
    folders = [os.path.join(folder, *rest) for folder in spec.submodule_search_locations or ()]
    places = [*folders, *(f"{folder}.py" for folder in folders if rest)] or [spec.origin or ""]
    return [(place, package) for place in places]


def _dotted(path: str, place: str, name: str) -> str:
    """Give the dotted name of a module below a place; packages without an __init__.py are packages, too."""
    below = os.path.relpath(path, place).removesuffix(".py") if path != place else ""
    parts = [part for part in below.split(os.sep) if part not in ("", "__init__")]
    return ".".join([name, *parts])


def _modules(place: str) -> Iterator[str]:
    """Give the Python files of a package, without its tests."""
    if os.path.isfile(place):
        yield place
    for folder, folders, names in os.walk(place):
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        yield from (os.path.join(folder, name) for name in names if name.endswith(".py"))


# --- how it is written --------------------------------------------------------------------------------------------------


def _class_table(one: Proposal, prefix: str) -> list[str]:
    resource = one.resource
    owns = f" owns {one.owns}" if one.owns else ""
    lines = [f"# {one.place}{owns}", f"[[{prefix}resource]]", *_named(one.name, one.aliases)]
    if one.base is not None:
        return [*lines, _pair("extends", [one.base])]
    return [
        *lines,
        _pair("variable", resource.variable),
        *_listed("release", _first(resource.releases, resource)),
        *_listed("release-async", _first(resource.async_releases, resource)),
        *(_pair(key, kind.value) for key, kind in _withs(resource) if kind is not With.ABSENT),
        *([_pair("loop-bound", resource.loop_bound)] if resource.loop_bound else []),
        *_listed("opened-by", _public(resource.opened_by)),
        *_listed("lazy", _public(resource.lazy)),
        *_listed("parameters", one.parameters),
        *_listed("takes", one.takes),
        *_listed("wraps", one.wraps),
    ]


def _opener_table(one: Opener, prefix: str) -> list[str]:
    return [
        f"[[{prefix}summary]]",
        *_named(one.name, one.aliases),
        *_listed("parameters", one.parameters),
        _pair("acquires", one.kind),
        *(["coroutine = true"] if one.is_coroutine else []),
    ]


def _hint(one: Proposal, prefix: str) -> list[str]:
    """Name a class that looks like a resource: what it owns cannot be seen, so it is the reader's to decide."""
    why = "it has a release and a with, but what it owns cannot be seen: a resource if that ends only with them"
    place, *table = _class_table(one, prefix)
    return [f"{place}: {why}", *(f"# {line}" for line in table)]


def _named(name: str, aliases: tuple[str, ...]) -> list[str]:
    return [_pair("name", name), *_listed("aliases", aliases)]


def _withs(resource: Resource) -> tuple[tuple[str, With], ...]:
    return ("with", resource.sync_with), ("async-with", resource.async_with)


def _public(names: frozenset[str]) -> list[str]:
    return sorted(name for name in names if not name.startswith("_") or name.endswith("__"))


def _first(names: frozenset[str], resource: Resource) -> list[str]:
    return sorted(names, key=lambda name: (name != resource.first_release, name))


def _listed(key: str, values: Sequence[str]) -> list[str]:
    return [_pair(key, list(values))] if values else []


def _pair(key: str, value: str | list[str]) -> str:
    return f"{key} = {json.dumps(value, ensure_ascii=False)}"  # a string of JSON is one of TOML
