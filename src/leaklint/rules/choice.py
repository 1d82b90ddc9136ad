"""Which rules a module is held against: importing them all takes as long as linting a small file.

It knows what the rules of a family cannot do without, and refuses to know what they look for.
"""

from collections.abc import Iterator

from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.prefilter import may_concern_loops
from leaklint.rules.rule import Rule

OF_TESTS = ("fixture", "est", "etup", "etUp", "yield")  # a fixture, a test, a set-up by any name, a generator


def rules_for(module: ModuleFacts) -> Iterator[Rule]:
    """Yield the rules that may speak of a module."""
    from leaklint.rules import of_scopes

    text = module.source.text
    yield from of_scopes.RULES
    if may_concern_loops(text) or _opens_for_loops(module):
        from leaklint.rules import of_loops

        yield from of_loops.RULES
    if any(word in text for word in OF_TESTS):
        from leaklint.rules import of_tests

        yield from of_tests.RULES
    if "class" in text:
        from leaklint.rules import of_owners

        yield from of_owners.RULES


def _opens_for_loops(module: ModuleFacts) -> bool:
    """Say whether a module opens loops, or what binds to one: by another module's functions, without a word of loops."""
    kinds = (one.site.resource for one in module.obligations)
    return any(kind.is_loop or kind.loop_bound is not None for kind in kinds)
