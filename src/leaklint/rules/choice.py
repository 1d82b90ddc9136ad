"""Which rules a module is held against: importing them all takes as long as linting a small file.

It knows what the rules of a family cannot do without, and refuses to know what they look for.
"""

from collections.abc import Iterator

from leaklint.analysis.prefilter import may_concern_loops
from leaklint.rules.rule import Rule

OF_TESTS = ("fixture", "est", "etup", "etUp", "yield")  # a fixture, a test, a set-up by any name, a generator


def rules_for(text: str) -> Iterator[Rule]:
    """Yield the rules that may speak of a module with this text."""
    from leaklint.rules import of_scopes

    yield from of_scopes.RULES
    if may_concern_loops(text):
        from leaklint.rules import of_loops

        yield from of_loops.RULES
    if any(word in text for word in OF_TESTS):
        from leaklint.rules import of_tests

        yield from of_tests.RULES
    if "class" in text:
        from leaklint.rules import of_owners

        yield from of_owners.RULES
