"""All rules at once, for those who read or list them."""

import sys

from leaklint.model.rule import RulePage
from leaklint.rules import of_loops, of_owners, of_scopes, of_tests
from leaklint.rules.rule import Rule

FAMILIES = (of_scopes.RULES, of_loops.RULES, of_tests.RULES, of_owners.RULES)
RULES: tuple[Rule, ...] = tuple(sorted((rule for family in FAMILIES for rule in family), key=lambda rule: rule.code))


def _page(rule: Rule) -> RulePage:
    return RulePage(rule.code, rule.name, rule.summary, rule.fix, sys.modules[rule.check.__module__].__doc__ or "")


PAGES: tuple[RulePage, ...] = tuple(_page(rule) for rule in RULES)
