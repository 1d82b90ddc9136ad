"""What the parameters of a function hold as its summary is computed: a site for each, or what is known of the argument."""

import ast

from leaklint.analysis.closures import RELEASING
from leaklint.analysis.names import Function
from leaklint.analysis.passing import changed_keys, rest_of
from leaklint.analysis.setting import DEFAULT, REST, Given, Kind, Setting
from leaklint.analysis.store import Place
from leaklint.analysis.summary import defaults_of
from leaklint.analysis.values import NONE, Constant, Instance, Keywords, Site, Values
from leaklint.catalogue import Catalogue
from leaklint.model.resource import Resource, With

UNTYPED = Resource("", releases=RELEASING, sync_with=With.RELEASES, async_with=With.RELEASES)


def stand_in(function: Function, setting: Setting, env: dict[Place, Values], given: Given) -> dict[Site, frozenset[int]]:
    """Let the names of the parameters hold what is given; give the sites that stand for arguments, each with its statuses."""
    sites: dict[Site, frozenset[int]] = {}
    known = dict(given)
    defaults = defaults_of(function.node)
    own = next(iter(setting.scope.bindings.parameters), None) if function.is_method else None  # its methods must stay known
    for name, argument in setting.scope.bindings.parameters.items():
        what = known.get(name, DEFAULT)
        if isinstance(what, Kind):
            site = Site(_name(argument), None, what.resource, what.open_mask, what.label, what.own_type, parameter=name)
            site.is_given = what.is_certain
            env[name], sites[site] = frozenset((site,)), frozenset((what.open_mask,))
            continue
        if isinstance(what, Instance):
            env[name] = frozenset((what,))
            continue
        literal = defaults.get(name, DEFAULT) if what == DEFAULT and name in known else what
        if literal != DEFAULT:
            env[name] = frozenset((NONE if literal is None else Constant(literal),))
            continue
        stood = None if name == own else _site(argument, name, env, setting.catalogue)
        if stood is not None:
            stood.is_given = name in defaults and defaults[name] is None
            env[name] = frozenset((stood,))
            sites[stood] = frozenset((1,))
    changed = changed_keys(function.node) if REST in known else frozenset((REST,))
    if REST not in changed and rest_of(function.node):
        others = [(name, one) for name, one in given if name != REST and name not in setting.scope.bindings.parameters]
        literals = [(name, one) for name, one in others if not isinstance(one, Kind | Instance)]
        env[rest_of(function.node)] = frozenset((Keywords(tuple(literals), changed),))
    star = function.node.args.vararg
    if star is not None:
        rest = Site(_name(star), None, UNTYPED, parameter="*")
        env[star.arg], sites[rest] = frozenset((rest,)), frozenset((1,))
    return sites


def _site(argument: ast.arg, name: str, env: dict[Place, Values], catalogue: Catalogue) -> Site | None:
    resource = UNTYPED
    for value in env.get(name, ()):
        if isinstance(value, Instance):
            found = catalogue.resource(value.type_name)
            if found is None or found.silent:
                is_opener = catalogue.method(value.type_name, "open") is not None
                return None if is_opener else Site(_name(argument), None, UNTYPED, parameter=name)
            resource = found
    return Site(_name(argument), None, resource, parameter=name)


def _name(argument: ast.arg) -> ast.expr:
    return ast.copy_location(ast.Name(argument.arg, ast.Load()), argument)
