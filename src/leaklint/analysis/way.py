"""How a resource can be released at the end of a block: by a with, by contextlib, or by lines of code."""

import ast

from leaklint.analysis.facts import Facts, Obligation
from leaklint.analysis.names import Scope
from leaklint.analysis.reach import is_wait
from leaklint.analysis.setting import Body
from leaklint.model.data import dataclass
from leaklint.model.fix import (
    Opener,
)
from leaklint.model.resource import Resource, With

MODULES = ("os", "shutil")  # whose functions release what has no methods


@dataclass(frozen=True, slots=True)
class Way:
    """How a resource is released at the end of a block: an opener, or lines of code; and what must be imported."""

    opener: Opener | None
    lines: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()


def way_of(obligation: Obligation, name: str | None, is_turned: bool = False) -> Way | None:
    """Say how the resource can be released at the end of a block, which may stand in what is turned into a coroutine."""
    facts, resource = obligation.facts, obligation.site.resource
    is_async = facts.is_async or is_turned
    if resource.with_target is not None:
        lines = _release_lines(obligation, name or "", is_async)
        return Way(None, lines) if lines and name is not None else None
    if resource.sync_with is With.RELEASES and not resource.with_does_more and not resource.waits:
        return Way(Opener())
    if resource.async_with is With.RELEASES and is_async and not resource.waits:
        return Way(Opener(is_async=True))
    is_run_here = resource.is_loop and facts.solution.setting.body is not Body.FIXTURE  # its generators are closed too
    if "close" in resource.releases and not resource.waits and not is_run_here:
        return closing_way("closing", facts)
    if "aclose" in resource.async_releases and is_async:
        return closing_way("aclosing", facts)
    lines = _release_lines(obligation, name or "", is_async)
    if not lines or name is None:
        return None
    return Way(None, lines, _imports_for(lines[0], facts))


def _imports_for(line: str, facts: Facts) -> tuple[str, ...]:
    """Give the module that a line such as `os.close(fd)` needs imported."""
    module = line.partition(".")[0]
    is_known = module not in MODULES or facts.scope.dotted(ast.Name(module, ast.Load())) == module
    return () if is_known else (module,)


def closing_way(function: str, facts: Facts) -> Way | None:
    """Enter it by `contextlib.closing` or `aclosing`, under the name that these have there; None where that is taken."""
    scope = facts.scope
    for name in (function, "contextlib"):
        node = ast.Name(name, ast.Load())
        dotted = scope.dotted(node)
        if dotted == f"contextlib.{function}":
            return Way(Opener(function == "aclosing", name))
        if dotted == "contextlib":
            return Way(Opener(function == "aclosing", f"contextlib.{function}"))
    if scope.find("contextlib") is not None:
        return None
    return Way(Opener(function == "aclosing", f"contextlib.{function}"), imports=("contextlib",))


def stack_opener(scope: Scope, is_async: bool) -> tuple[str, tuple[str, ...]] | None:
    """Give the code of the class of a stack of releases, and what it needs imported; None where its name is taken."""
    wanted = "AsyncExitStack" if is_async else "ExitStack"
    for name in (wanted, "contextlib"):
        dotted = scope.dotted(ast.Name(name, ast.Load()))
        if dotted == f"contextlib.{wanted}":
            return name, ()
        if dotted == "contextlib":
            return f"contextlib.{wanted}", ()
    return None if scope.find("contextlib") is not None else (f"contextlib.{wanted}", ("contextlib",))


def _release_lines(obligation: Obligation, name: str, is_async: bool) -> tuple[str, ...]:
    resource = obligation.site.resource
    if resource.is_loop:
        return (f"{name}.run_until_complete({name}.shutdown_asyncgens())", f"{name}.close()")
    if resource.releases and resource.first_release not in resource.release_functions:
        method = _first(resource, resource.releases)
        is_plain = obligation.history.releases and not any(is_wait(op, obligation) for op in obligation.history.uses)
        waits = (f"await {name}.{resource.waits}()",) if resource.waits and is_async and not is_plain else ()
        return (f"{name}.{method}()", *waits)
    if resource.async_releases and is_async:
        method = _first(resource, resource.async_releases)
        return (f"await {name}.{method}()",)
    function = resource.first_release if resource.first_release in resource.release_functions else None
    return (f"{function}({name})",) if function and function.partition(".")[0] in MODULES else ()


def _first(resource: Resource, methods: frozenset[str]) -> str:
    return resource.first_release if resource.first_release in methods else min(methods)
