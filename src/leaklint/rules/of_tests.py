"""The rules of fixtures, set-ups and generators, loaded for texts that hold a word of these."""

from leaklint.rules import (
    async_fixture_mismatch,
    cleanup_never_runs,
    factory_fixture_without_release,
    fixture_returns_open,
    fixture_yields_without_release,
    opened_at_collection,
    released_twice,
    setup_not_guarded,
    setup_without_teardown,
    teardown_misses_resource,
    teardown_not_guaranteed,
    test_client_without_lifespan,
)
from leaklint.rules.rule import Rule

RULES: tuple[Rule, ...] = (
    fixture_returns_open.rule,
    fixture_yields_without_release.rule,
    teardown_not_guaranteed.rule,
    setup_without_teardown.rule,
    teardown_misses_resource.rule,
    factory_fixture_without_release.rule,
    async_fixture_mismatch.rule,
    cleanup_never_runs.rule,
    opened_at_collection.rule,
    setup_not_guarded.rule,
    test_client_without_lifespan.rule,
    released_twice.rule,
)
