"""The rules that any module which acquires something is held against."""

from leaklint.rules import (
    cleanup_called_not_registered,
    leaks_while_building,
    never_released,
    not_released_on_error,
    process_lifetime,
    rebound_while_open,
    release_chain_breaks,
    release_not_awaited,
    released_on_some_paths,
    unnamed_resource,
    used_after_release,
    with_does_not_release,
    wrong_protocol,
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
    release_not_awaited.rule,
    wrong_protocol.rule,
    cleanup_called_not_registered.rule,
    process_lifetime.rule,
    release_chain_breaks.rule,
    leaks_while_building.rule,
)
