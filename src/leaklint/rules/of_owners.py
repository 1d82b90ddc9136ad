"""The rules of classes that own, loaded for texts that define a class."""

from leaklint.rules import (
    attribute_overwritten_while_open,
    cache_drops_resource,
    owner_without_release,
    release_does_nothing,
    release_misses_attribute,
    release_skips_super,
    released_only_in_del,
)
from leaklint.rules.rule import Rule

RULES: tuple[Rule, ...] = (
    owner_without_release.rule,
    release_misses_attribute.rule,
    attribute_overwritten_while_open.rule,
    release_skips_super.rule,
    cache_drops_resource.rule,
    release_does_nothing.rule,
    released_only_in_del.rule,
)
