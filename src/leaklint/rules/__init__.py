"""All rules, one module each, named after the wrong."""

from types import ModuleType

from leaklint.model.rule import RulePage
from leaklint.rules import (
    async_fixture_mismatch,
    attribute_overwritten_while_open,
    cleanup_called_not_registered,
    cleanup_never_runs,
    factory_fixture_without_release,
    fixture_returns_open,
    fixture_yields_without_release,
    never_released,
    not_released_on_error,
    opened_at_collection,
    owner_without_release,
    rebound_while_open,
    release_misses_attribute,
    release_skips_super,
    released_on_some_paths,
    released_only_in_del,
    released_twice,
    setup_not_guarded,
    setup_without_teardown,
    teardown_misses_resource,
    teardown_not_guaranteed,
    test_client_without_lifespan,
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
    fixture_returns_open.rule,
    fixture_yields_without_release.rule,
    teardown_not_guaranteed.rule,
    setup_without_teardown.rule,
    teardown_misses_resource.rule,
    cleanup_called_not_registered.rule,
    factory_fixture_without_release.rule,
    async_fixture_mismatch.rule,
    cleanup_never_runs.rule,
    opened_at_collection.rule,
    owner_without_release.rule,
    release_misses_attribute.rule,
    attribute_overwritten_while_open.rule,
    release_skips_super.rule,
    released_only_in_del.rule,
    setup_not_guarded.rule,
    test_client_without_lifespan.rule,
    released_twice.rule,
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
    _page(fixture_returns_open.rule, fixture_returns_open),
    _page(fixture_yields_without_release.rule, fixture_yields_without_release),
    _page(teardown_not_guaranteed.rule, teardown_not_guaranteed),
    _page(setup_without_teardown.rule, setup_without_teardown),
    _page(teardown_misses_resource.rule, teardown_misses_resource),
    _page(cleanup_called_not_registered.rule, cleanup_called_not_registered),
    _page(factory_fixture_without_release.rule, factory_fixture_without_release),
    _page(async_fixture_mismatch.rule, async_fixture_mismatch),
    _page(cleanup_never_runs.rule, cleanup_never_runs),
    _page(opened_at_collection.rule, opened_at_collection),
    _page(owner_without_release.rule, owner_without_release),
    _page(release_misses_attribute.rule, release_misses_attribute),
    _page(attribute_overwritten_while_open.rule, attribute_overwritten_while_open),
    _page(release_skips_super.rule, release_skips_super),
    _page(released_only_in_del.rule, released_only_in_del),
    _page(setup_not_guarded.rule, setup_not_guarded),
    _page(test_client_without_lifespan.rule, test_client_without_lifespan),
    _page(released_twice.rule, released_twice),
)
