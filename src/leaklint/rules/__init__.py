"""All rules, one module each, named after the wrong."""

from types import ModuleType

from leaklint.model.rule import RulePage
from leaklint.rules import (
    attribute_overwritten_while_open,
    never_released,
    not_released_on_error,
    owner_without_release,
    rebound_while_open,
    release_misses_attribute,
    release_skips_super,
    released_on_some_paths,
    released_only_in_del,
    unnamed_resource,
    used_after_release,
    with_does_not_release,
)
from leaklint.rules.rule import Rule

RULES: tuple[Rule, ...] = (
    never_released.rule,
    released_on_some_paths.rule,
    not_released_on_error.rule,
    unnamed_resource.rule,
    rebound_while_open.rule,
    used_after_release.rule,
    with_does_not_release.rule,
    owner_without_release.rule,
    release_misses_attribute.rule,
    attribute_overwritten_while_open.rule,
    release_skips_super.rule,
    released_only_in_del.rule,
)


def _page(rule: Rule, module: ModuleType) -> RulePage:
    return RulePage(rule.code, rule.name, rule.summary, rule.fix, module.__doc__ or "")


PAGES: tuple[RulePage, ...] = (
    _page(never_released.rule, never_released),
    _page(released_on_some_paths.rule, released_on_some_paths),
    _page(not_released_on_error.rule, not_released_on_error),
    _page(unnamed_resource.rule, unnamed_resource),
    _page(rebound_while_open.rule, rebound_while_open),
    _page(used_after_release.rule, used_after_release),
    _page(with_does_not_release.rule, with_does_not_release),
    _page(owner_without_release.rule, owner_without_release),
    _page(release_misses_attribute.rule, release_misses_attribute),
    _page(attribute_overwritten_while_open.rule, attribute_overwritten_while_open),
    _page(release_skips_super.rule, release_skips_super),
    _page(released_only_in_del.rule, released_only_in_del),
)
