"""One function lowered and solved; it knows what stands at the entry of a body, and keeps nothing."""

from leaklint.analysis import bodies
from leaklint.analysis.graph import Thrown
from leaklint.analysis.lower import lower
from leaklint.analysis.names import Function, function_scope
from leaklint.analysis.ownership import Solution, solve_ownership
from leaklint.analysis.parameters import stand_in
from leaklint.analysis.setting import Given, Project, Setting
from leaklint.analysis.summary import defaults_of
from leaklint.analysis.values import own_type
from leaklint.catalogue import Catalogue


def lowered(function: Function, project: Project, catalogue: Catalogue, are_loops_full: bool = False) -> Setting:
    """Lower a function of a module, perhaps as if every `for` had something to do."""
    scope = function_scope(function, project.scope)
    body = bodies.kind_of(function, scope)
    driven = scope.bindings.yields and bodies.is_driven(function, scope)
    kind = Thrown.IMPLICIT if driven else bodies.yield_kind(body)
    graph = lower(function.node.body, scope, kind, is_driven=driven, are_loops_full=are_loops_full)
    graph.optional = frozenset(name for name, default in defaults_of(function.node).items() if default is None)
    is_test = function.is_method and function.node.name.startswith("test")
    test_class = function.owner.name if is_test and function.owner is not None else None
    owner = function.owner if function.is_method else None
    type_name = own_type(project.path, owner.name) if owner is not None else None
    return Setting(catalogue, project, scope, graph, body, {}, test_class=test_class, own_type=type_name)


def solved(function: Function, setting: Setting, given: Given | None = None) -> Solution:
    """Solve a lowered function: with a site for each parameter where it is told what is `given`, else with none."""
    env = bodies.starting_names(function, setting.scope, setting.catalogue, setting.project.path)
    sites = stand_in(function, setting, env, given) if given is not None else {}
    return solve_ownership(setting, env, sites)
