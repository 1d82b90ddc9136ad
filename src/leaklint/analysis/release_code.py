"""The code that releases what an object holds: one after the other in reverse order, and each though another one fails.

It knows how code is written and nothing of who needs it.
"""

import ast
from collections.abc import Collection, Sequence

from leaklint.analysis.held import Held, Step
from leaklint.analysis.names import Scope
from leaklint.analysis.way import MODULES, stack_opener
from leaklint.model.data import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """Lines of code, and what they need imported."""

    lines: tuple[str, ...]
    imports: tuple[str, ...] = ()


def release_code(held: Sequence[Held], receiver: str, scope: Scope, taken: Collection[str] = ()) -> Code | str:
    """Give the code that releases attributes, the last one first, or a reason; `taken` are names that it must not bind."""
    targets = [f"{receiver}.{one.attribute}" for one in held]
    parts = [steps_code(one.steps, target, scope) for one, target in zip(held, targets, strict=True)]
    codes = [one for one in parts if isinstance(one, Code)]
    if len(codes) < len(parts):
        return next(one for one in parts if isinstance(one, str))
    plain = tuple(dict.fromkeys(name for one in codes for name in one.imports))
    is_plain = all(one.elements is None and len(one.steps) == 1 for one in held)
    if len(held) == 1 and held[0].elements is None:
        return Code(_guarded(held[0], targets[0], codes[0].lines), plain)
    if len(held) == 2 and is_plain:
        first, last = (_guarded(one, target, code.lines) for one, target, code in zip(held, targets, codes, strict=True))
        return Code(("try:", *_indented(last), "finally:", *_indented(first)), plain)
    opener = stack_opener(scope, any(one.is_async for one in held))
    if opener is None:
        return "`contextlib` means something else here"
    stack = _free("stack", taken)
    body = [line for one, target in zip(held, targets, strict=True) for line in _registered(one, target, stack, taken)]
    keyword = "async with" if any(one.is_async for one in held) else "with"
    return Code((f"{keyword} {opener[0]}() as {stack}:", *_indented(body)), (*plain, *opener[1]))


def steps_code(steps: Sequence[Step], target: str, scope: Scope) -> Code | str:
    """Give the code that releases what an expression stands for, or a reason."""
    if any(_is_shadowed(step, scope) for step in steps):
        return "`os` or `shutil` means something else here"
    imports = [name for step in steps if (name := _import(step, scope)) is not None]
    return Code(tuple(_call(step, target) for step in steps), tuple(dict.fromkeys(imports)))


def _registered(held: Held, target: str, stack: str, taken: Collection[str]) -> list[str]:
    """Give the lines that register the release of an attribute with a stack."""
    if held.elements is None:
        return list(_guarded(held, target, [_callback(step, target, stack) for step in reversed(held.steps)]))
    name = _free(held.variable, {*taken, stack})
    loop = [f"for {name} in {target}{held.elements}:"]
    loop += [f"    {_callback(step, name, stack)}" for step in reversed(held.steps)]
    return list(_guarded(held, target, loop))


def _call(step: Step, target: str) -> str:
    call = f"{step.name}({target})" if step.is_function else f"{target}.{step.name}()"
    return f"await {call}" if step.is_async else call


def _callback(step: Step, target: str, stack: str) -> str:
    if step.is_function:
        return f"{stack}.callback({step.name}, {target})"
    return f"{stack}.{'push_async_callback' if step.is_async else 'callback'}({target}.{step.name})"


def _guarded(held: Held, target: str, lines: Sequence[str]) -> tuple[str, ...]:
    return (f"if {target} is not None:", *_indented(lines)) if held.is_optional else tuple(lines)


def _indented(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"    {line}" for line in lines)


def _import(step: Step, scope: Scope) -> str | None:
    """Give the module that a step needs and the scope lacks."""
    module = step.name.partition(".")[0] if step.is_function else None
    return module if module in MODULES and scope.find(module) is None else None


def _is_shadowed(step: Step, scope: Scope) -> bool:
    module = step.name.partition(".")[0]
    return step.is_function and scope.find(module) is not None and scope.dotted(ast.Name(module, ast.Load())) != module


def _free(wanted: str, taken: Collection[str]) -> str:
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}{number}", number + 1
    return name
