"""What the names of a module mean: imports, definitions, locals. It refuses to know what is computed.

`import gzip as g` makes `g.open` mean `gzip.open`; a local variable `open` makes `open` mean nothing.
"""

import ast
import builtins
from collections.abc import Iterator

from leaklint.analysis.prefilter import STANDARD, behind_moves, is_module_through
from leaklint.model.data import dataclass, field

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
Definition = FunctionNode | ast.ClassDef
Roots = dict[str, str | None]  # names, and what they were found to mean
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
BUILTINS = frozenset(dir(builtins))
DULL = frozenset(
    ("ctx", "op", "ops", "id", "attr", "arg", "lineno", "type_comment", "kind", "n", "s", "simple", "level", "module")
)


class Fields(dict[type[ast.AST], tuple[str, ...]]):
    """The fields of a kind of node in which other nodes may stand, found when first asked for."""

    def __missing__(self, kind: type[ast.AST]) -> tuple[str, ...]:
        """Leave out what never holds a node worth visiting."""
        fields = () if issubclass(kind, ast.Constant) else tuple(one for one in kind._fields if one not in DULL)
        self[kind] = fields
        return fields


FIELDS = Fields()
SUITES: dict[type[ast.stmt], tuple[str, ...]] = {  # a table, for it is asked of every statement
    ast.If: ("body", "orelse"),
    ast.For: ("body", "orelse"),
    ast.AsyncFor: ("body", "orelse"),
    ast.While: ("body", "orelse"),
    ast.With: ("body",),
    ast.AsyncWith: ("body",),
    ast.ClassDef: ("body",),
    ast.FunctionDef: ("body",),
    ast.AsyncFunctionDef: ("body",),
    ast.Try: ("body", "handlers", "orelse", "finalbody"),
    ast.TryStar: ("body", "handlers", "orelse", "finalbody"),
    ast.Match: ("cases",),
}
LAMBDA = "<lambda>"
OPENING = frozenset(("os", "codecs", "gzip", "bz2", "lzma", "tarfile", "shelve", "dbm", "io", "wave"))  # have an `open`


@dataclass(eq=False, slots=True)
class Function:
    """A function of a module: where it stands, and the functions and the class around it."""

    node: FunctionNode
    owner: ast.ClassDef | None = None
    outer: "Function | None" = None

    @property
    def is_method(self) -> bool:
        """Say whether its first parameter is the instance or the class."""
        return self.owner is not None and not any(terminal(one) == "staticmethod" for one in self.node.decorator_list)


@dataclass(eq=False, slots=True)
class Bindings:
    """The names that one scope binds: imports (name -> dotted), definitions, plain variables."""

    imports: dict[str, str] = field(default_factory=dict)
    definitions: dict[str, Definition] = field(default_factory=dict)
    variables: dict[str, int] = field(default_factory=dict)  # how often each is bound
    values: dict[str, ast.expr] = field(default_factory=dict)  # what an assignment binds first
    outside: set[str] = field(default_factory=set)  # declared global or nonlocal
    parameters: dict[str, ast.arg] = field(default_factory=dict)
    annotations: dict[str, ast.expr] = field(default_factory=dict)
    captured: set[str] = field(default_factory=set)  # names that nested functions read or write
    shared: set[str] = field(default_factory=set)  # names that nested functions bind anew
    yields: bool = False
    stars: list[str] = field(default_factory=list)  # modules imported with `*`

    def bind(self, name: str) -> None:
        """Note one more binding of a plain variable."""
        self.variables[name] = self.variables.get(name, 0) + 1

    def bind_import(self, name: str, dotted: str) -> None:
        """Note an import; of several (`try: import pysqlite3 as sqlite3`), one of the standard library is best known."""
        known = self.imports.get(name)
        is_better = dotted.partition(".")[0] in STANDARD and known is not None and known.partition(".")[0] not in STANDARD
        if known is None or is_better:
            self.imports[name] = dotted

    def binds(self, name: str) -> bool:
        """Say whether the scope binds the name itself."""
        return name in self.variables or name in self.imports or name in self.definitions or name in self.parameters


@dataclass(eq=False, slots=True)
class Scope:
    """The bindings of one function (or the module) and the scope around it."""

    bindings: Bindings
    outer: "Scope | None" = None
    roots: Roots = field(default_factory=dict)
    functions: dict[FunctionNode, tuple[Bindings, Roots]] = field(default_factory=dict)  # of a module: read before

    def is_local(self, name: str) -> bool:
        """Say whether the name is a variable or parameter of this very scope."""
        own = self.bindings
        return (name in own.variables or name in own.parameters) and name not in own.outside and name not in own.imports

    def find(self, name: str) -> "Scope | None":
        """Give the innermost scope that binds the name."""
        scope: Scope | None = self
        while scope is not None:
            if name not in scope.bindings.outside and scope.bindings.binds(name):
                return scope
            scope = scope.outer
        return None

    def definition(self, name: str) -> Definition | None:
        """Give the one function or class that the name means, if it means one."""
        scope = self.find(name)
        return scope.bindings.definitions.get(name) if scope and name not in scope.bindings.variables else None

    def dotted(self, node: ast.expr) -> str | None:
        """Give the dotted name that an expression means by imports or as a builtin: `g.open` -> `gzip.open`."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        name = node.id
        if name not in self.roots:
            self.roots[name] = self._root(name)
        root = self.roots[name]
        if not root:
            return None
        dotted = ".".join([root, *reversed(parts)])
        return behind_moves(dotted) if ".moves." in dotted else dotted

    @property
    def module(self) -> "Scope":
        """The scope of the module."""
        scope = self
        while scope.outer is not None:
            scope = scope.outer
        return scope

    def _builtin(self, name: str) -> str | None:
        """Give what a name is that nothing binds: a builtin, unless a star import of the module shadows it."""
        module = self.module
        if name not in BUILTINS:
            return f"os.{name}" if "os" in module.bindings.stars else None
        star = next((one for one in module.bindings.stars if name == "open" and one in OPENING), None)
        return f"{star}.{name}" if star else f"builtins.{name}"

    def _root(self, name: str) -> str | None:
        scope = self.find(name)
        if scope is None:
            return self._builtin(name)
        if name in scope.bindings.imports:
            return scope.bindings.imports[name]
        value = scope.bindings.values.get(name)
        if scope.outer is None and scope.bindings.variables.get(name) == 1 and isinstance(value, ast.Attribute):
            return scope.dotted(value)  # `Session = requests.Session` in the module
        return None


def terminal(node: ast.expr) -> str:
    """Give the last segment of a name, an attribute or a call of one; "" for anything else."""
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def module_scope(tree: ast.Module) -> Scope:
    """Give the scope of a module, read from its statements (functions' bodies excluded)."""
    bindings = Bindings()
    collect(tree.body, bindings, captures=False)
    return Scope(bindings)


def function_scope(function: Function, module: Scope) -> Scope:
    """Give the scope of a function, within the functions around it; each is read once."""
    outer = function_scope(function.outer, module) if function.outer else module
    if function.node not in module.functions:
        module.functions[function.node] = _bindings(function.node), {}
    bindings, roots = module.functions[function.node]
    return Scope(bindings, outer, roots)


def _bindings(node: FunctionNode) -> Bindings:
    bindings = Bindings()
    arguments = node.args
    for arg in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]:
        bindings.parameters[arg.arg] = arg
        if arg.annotation is not None:
            bindings.annotations[arg.arg] = arg.annotation
    for star in (arguments.vararg, arguments.kwarg):
        if star is not None:
            bindings.bind(star.arg)
    collect(node.body, bindings)
    return bindings


def collect(body: list[ast.stmt], bindings: Bindings, captures: bool = True) -> None:
    """Read the bindings of a body, without the insides of nested functions and classes.

    What these capture is read only where asked: a module's names are seen by all its functions anyway.
    """
    stack: list[ast.AST] = list(reversed(body))
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Name):
            if not isinstance(node.ctx, ast.Load):
                bindings.bind(node.id)
        elif isinstance(node, SCOPES):
            _collect_nested(node, bindings, stack)
            if captures:
                free, shared = _borrowed_names(node)
                bindings.captured |= free
                bindings.shared |= shared
        elif isinstance(node, ast.Import | ast.ImportFrom):
            _collect_import(node, bindings)
        else:
            _collect_plain(node, bindings)
            stack.extend(reversed(children(node)))


def _collect_nested(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda, bindings: Bindings, stack: list[ast.AST]
) -> None:
    if not isinstance(node, ast.Lambda):
        stack.extend(node.decorator_list)
        if node.name in bindings.definitions:
            bindings.bind(node.name)  # defined twice: which one, nobody knows
        bindings.definitions[node.name] = node


def _collect_import(node: ast.Import | ast.ImportFrom, bindings: Bindings) -> None:
    if isinstance(node, ast.Import):
        for alias in node.names:
            bindings.bind_import(
                alias.asname or alias.name.partition(".")[0],
                alias.name if alias.asname else alias.name.partition(".")[0],
            )
        return
    base = "." * node.level + (node.module or "")
    for alias in node.names:
        if alias.name == "*":
            bindings.stars.append("os" if base == "posix" else base)
            continue
        separator = "" if base.endswith(".") else "."
        dotted = f"{base}{separator}{alias.name}"
        if ".moves." in dotted:
            dotted = behind_moves(dotted)
        elif is_module_through(base, alias.name):
            dotted = alias.name
        bindings.bind_import(alias.asname or alias.name, dotted)


def _collect_plain(node: ast.AST, bindings: Bindings) -> None:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            bindings.values.setdefault(name, value)
        case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
            bindings.annotations[name] = annotation
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            bindings.outside.update(names)
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            bindings.bind(name)
        case ast.Yield() | ast.YieldFrom():
            bindings.yields = True
        case _:
            pass


def receiver_of(method: FunctionNode) -> str:
    """Give what a method calls its object; "" where it has no parameters."""
    arguments = [*method.args.posonlyargs, *method.args.args]
    return arguments[0].arg if arguments else ""


def children(node: ast.AST) -> list[ast.AST]:
    """Give the nodes directly below a node, in the order of the text; contexts and operators are left out."""
    found: list[ast.AST] = []
    for name in FIELDS[type(node)]:
        value = getattr(node, name, None)
        if value.__class__ is list:
            found.extend([one for one in value if isinstance(one, ast.AST)])
        elif isinstance(value, ast.AST):
            found.append(value)
    return found


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and every node below it, as `ast.walk` does, which takes three times as long.

    Contexts and operators are left out.
    """
    found = [node]
    for one in found:  # grows meanwhile
        yield one
        found += children(one)


def loops_of(node: ast.AST) -> list[ast.For | ast.AsyncFor | ast.While]:
    """Give the loops below a node."""
    return [one for one in walk(node) if isinstance(one, ast.For | ast.AsyncFor | ast.While)]


def free_names(node: ast.AST) -> set[str]:
    """Give the names that a nested function, lambda or class mentions and does not bind itself."""
    return _borrowed_names(node)[0]


def _borrowed_names(node: ast.AST) -> tuple[set[str], set[str]]:
    """Give the free names of a nested function, and those of them that it binds anew (`nonlocal`)."""
    mentioned: set[str] = set()
    bound: set[str] = set()
    shared: set[str] = set()
    stack: list[ast.AST] = [node]
    while stack:
        one = stack.pop()
        if isinstance(one, ast.Name):
            (mentioned if isinstance(one.ctx, ast.Load) else bound).add(one.id)
        elif isinstance(one, ast.arg):
            bound.add(one.arg)
        elif isinstance(one, ast.Nonlocal):
            shared.update(one.names)
        stack.extend(children(one))
    return mentioned - bound | shared, shared


def functions(tree: ast.Module) -> Iterator[Function]:
    """Yield every function of a module in the order of the text, outer ones first."""
    waiting: list[tuple[ast.stmt, ast.ClassDef | None, Function | None]] = []
    _add_compound(tree.body, None, None, waiting)
    while waiting:
        statement, owner, outer = waiting.pop()
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            function = Function(statement, owner, outer)
            yield function
            owner, outer = None, function
        elif isinstance(statement, ast.ClassDef):
            owner = statement
        for suite in reversed(suites(statement)):
            _add_compound(suite, owner, outer, waiting)


def _add_compound(
    suite: list[ast.stmt],
    owner: ast.ClassDef | None,
    outer: Function | None,
    waiting: list[tuple[ast.stmt, ast.ClassDef | None, Function | None]],
) -> None:
    """Add the statements that have suites themselves, the first on top; most statements have none."""
    waiting += [(one, owner, outer) for one in reversed(suite) if one.__class__ in SUITES]


def lambdas(tree: ast.Module, lines: set[int], everything: list[Function]) -> Iterator[Function]:
    """Yield the lambdas on the lines as functions of one return; those that are meant to raise are left out.

    What a thread runs returns to nobody.
    """
    stack: list[ast.AST] = [tree]
    targets: set[ast.AST] = set()
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Call) and terminal(node) in ("raises", "assertRaises", "assertRaisesRegex"):
            continue
        if isinstance(node, ast.Call) and terminal(node) in ("Thread", "Process"):
            targets.update(one.value for one in node.keywords if one.arg == "target")
        if isinstance(node, ast.Lambda) and node.lineno in lines:
            is_dropped = node in targets
            body = ast.copy_location(ast.Expr(node.body) if is_dropped else ast.Return(node.body), node.body)
            made = ast.FunctionDef(LAMBDA, node.args, [body], [], None, None)
            around = [one for one in everything if one.node.lineno <= node.lineno <= (one.node.end_lineno or 0)]
            yield Function(ast.copy_location(made, node), None, around[-1] if around else None)
        stack.extend(children(node))


def suites(statement: ast.stmt) -> list[list[ast.stmt]]:
    """Give the lists of statements directly inside a compound statement."""
    found: list[list[ast.stmt]] = []
    for name in SUITES.get(statement.__class__, ()):
        suite = getattr(statement, name)
        found += [one.body for one in suite] if name in ("handlers", "cases") else [suite]
    return found
