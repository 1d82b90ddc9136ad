"""Ownership: which acquisitions are open, released or handed on, at each point of one graph.

The transfer functions know operations, not syntax, and callees by their summaries, not by their names.
"""

import ast

from leaklint.analysis import calls
from leaklint.analysis.dataflow import solve
from leaklint.analysis.graph import Block, Branch, Graph, Jump, Kind, Reraise, is_straight, ranked
from leaklint.analysis.liveness import mentioned_later
from leaklint.analysis.ops import (
    Call,
    Iterate,
    Op,
    Return,
    Test,
)
from leaklint.analysis.record import Record
from leaklint.analysis.setting import Body, Setting
from leaklint.analysis.store import Place, Store, without_open
from leaklint.analysis.stores import NO_GUARDS, Stores
from leaklint.analysis.transfer import transfer
from leaklint.analysis.values import (
    SWALLOWER,
    Site,
    Values,
    View,
    is_open,
)
from leaklint.model.data import dataclass

Flow = list[tuple[Block, Stores]]

TIMEOUTS = frozenset(("TimeoutExpired", "TimeoutError"))


@dataclass(frozen=True, slots=True)
class Solution:
    """What is known of a graph: the stores at the start of each block, and the history of each site."""

    setting: Setting
    stores: dict[Block, Stores]
    record: Record


def solve_ownership(setting: Setting, env: dict[Place, Values], sites: dict[Site, frozenset[int]]) -> Solution:
    """Solve a graph whose names hold `env` at its entry, and note what happens to each site."""
    graph = setting.graph
    rank = ranked(graph)
    setting.mentioned = mentioned_later(graph, rank, setting.scope.bindings.captured)
    start = Stores(graph.guards, [Store(env, sites)])
    record = Record()
    if is_straight(rank):
        setting.record = record
        stores = solve({graph.entry: start}, rank, lambda block, fact: _noted(block, fact, setting, record))
    else:
        stores = _solve_first(start, rank, setting, record)
    for exit_block, name in ((graph.returned, "returned"), (graph.raised, "raised")):
        if exit_block in stores:
            _note_exit(stores[exit_block], name, record)
    return Solution(setting, stores, record)


def _solve_first(start: Stores, rank: dict[Block, int], setting: Setting, record: Record) -> dict[Block, Stores]:
    """Solve a graph with loops, then note what happens in the blocks where anything does: before, facts were preliminary."""
    eventful: set[Block] = set()
    entry = setting.graph.entry
    stores = solve({entry: start}, rank, lambda block, fact: flow(block, fact.to_run(), setting, eventful))
    setting.record = record
    for block in sorted((one for one in stores if one in eventful), key=lambda one: rank[one]):
        _noted(block, stores[block], setting, record)
    return stores


def _noted(block: Block, fact: Stores, setting: Setting, record: Record) -> Flow:
    """Run a block whose facts are final, and note what happens in it."""
    passed = flow(block, list(fact.by_key.values()), setting, set())
    for target, stores in passed:
        _note_passage(block, target, stores, record)
    return passed


def _note_passage(block: Block, target: Block, passed: Stores, record: Record) -> None:
    for store in passed.by_key.values():
        for site, statuses in store.sites.items():
            if any(is_open(status) for status in statuses):
                record.of(site).carried.setdefault(block, {})[target] = None


def _note_exit(stores: Stores, name: str, record: Record) -> None:
    for store in stores.by_key.values():
        for site, statuses in store.sites.items():
            if name == "returned":
                record.of(site).statuses |= statuses
            if any(is_open(status) for status in statuses):
                history = record.of(site)
                history.exits.add(name)
                if name == "returned":
                    holders = store.holders(site, "")
                    history.exit_names.update(one for one in holders if isinstance(one, str) and one[0] != "%")


def flow(block: Block, starts: list[Store], setting: Setting, eventful: set[Block]) -> Flow:
    """Run a block over stores at its start; give what goes where.

    The block joins `eventful` where there is something to note of it.
    """
    out: dict[Block, Stores] = {}
    for store in starts:
        running = store.copy()
        setting.is_notable = False
        _run(block, running, setting, out)
        if running.has_history or setting.is_notable or any(isinstance(op, Return) for op in block.ops):
            eventful.add(block)
    return list(out.items())


def _send(target: Block, store: Store, setting: Setting, out: dict[Block, Stores]) -> None:
    graph = setting.graph
    if target is graph.raised or (target is graph.returned and setting.body is not Body.MODULE):
        _send_to_exit(target, store, None, out)
        return
    if setting.body is not Body.MODULE:  # a module's names live on
        store.prune(setting.mentioned.get(target, NO_GUARDS))
    if target in out:
        out[target].add(store)
    else:
        out[target] = Stores(graph.guards, [store])


def _send_to_exit(target: Block, store: Store, raising: ast.stmt | None, out: dict[Block, Stores]) -> None:
    """At an exit only what is open counts, but not what a raising statement itself acquired; and the parameters."""
    sites = {
        site: statuses
        for site, statuses in store.sites.items()
        if site.parameter is not None or (site.statement is not raising and any(is_open(one) for one in statuses))
    }
    if target not in out:
        out[target] = Stores(NO_GUARDS, [Store({}, sites)])
    elif sites:
        out[target].add(Store({}, sites))


def _run(block: Block, store: Store, setting: Setting, out: dict[Block, Stores]) -> None:
    sent: dict[Kind, int] = {}
    for op, kind in zip(block.ops, block.raises, strict=True):
        if isinstance(op, Call):
            setting.is_releasing = False
            before = store.copy() if _has_timeout(op) else None
            outcome = calls.call(op, store, setting)
            if setting.is_releasing and kind is not None:
                _throw_release(block, kind, store, setting, out)
                if before is not None:
                    _throw_timeout(block, before, setting, out)
            else:
                _throw(block, op, kind, store, setting, out, sent)
            if outcome.diverges:
                return
            calls.bind(op, outcome, store, setting)
        else:
            if isinstance(op, Iterate) and not any(isinstance(one, Site | View) for one in store.values(op.source)):
                kind = None  # a container does not fail while it is iterated
            _throw(block, op, kind, store, setting, out, sent)
            transfer(op, store, setting)
    _end(block, store, setting, out)


def _throw(
    block: Block,
    op: Op,
    kind: Kind | None,
    store: Store,
    setting: Setting,
    out: dict[Block, Stores],
    sent: dict[Kind, int],
) -> None:
    """Send the store where an exception of the operation goes; nothing new since the last time is not sent again."""
    if kind is None:
        return
    targets = block.frame.route(kind)
    if setting.record is not None:
        for site, statuses in store.sites.items():
            if site.statement is not op.statement and any(is_open(status) for status in statuses):
                setting.record.of(site).raised_at[op] = targets
    if sent.get(kind) == store.version:
        return
    sent[kind] = store.version
    for target in targets:
        if target is setting.graph.raised:
            _send_to_exit(target, store, op.statement, out)
        else:
            _send(target, without_open(store, op.statement), setting, out)


def _throw_release(block: Block, kind: Kind, store: Store, setting: Setting, out: dict[Block, Stores]) -> None:
    """A release may fail, but what it leaves open then is advice: the other resources are left out of account."""
    calm = store.copy()
    for site, statuses in store.sites.items():
        if any(is_open(status) for status in statuses):
            del calm.sites[site]
    for target in block.frame.route(kind):
        _send(target, calm.copy(), setting, out)


def _has_timeout(op: Call) -> bool:
    return any(one.keyword == "timeout" and one.literal is not None for one in op.arguments)


def _throw_timeout(block: Block, store: Store, setting: Setting, out: dict[Block, Stores]) -> None:
    """A release that times out has released nothing: a handler that stands by for that finds it open."""
    for handler in block.frame.handlers:
        if handler.types is not None and handler.types & TIMEOUTS:
            _send(handler.block, store.copy(), setting, out)


def _refined(store: Store, test: Test, outcome: bool, graph: Graph) -> bool:
    """Narrow a store by the outcome of a test; say whether it is possible."""
    asked = test.subject or test.name
    is_repeated = test.name[0] != "?" or test.name in graph.guards
    return store.refine(test, outcome, is_repeated, asked in graph.listed, asked in graph.optional)


def _end(block: Block, store: Store, setting: Setting, out: dict[Block, Stores]) -> None:
    match block.end:
        case Jump(target=target):
            _send(target, store, setting, out)
        case Branch(test=test, then=then, otherwise=otherwise):
            decided = store.decides(test) if test is not None else None
            for target, outcome in ((then, True), (otherwise, False)):
                if decided is not None and outcome is not decided:
                    continue
                narrowed = store.copy() if outcome and decided is None else store
                if test is None or _refined(narrowed, test, outcome, setting.graph):
                    _send(target, narrowed, setting, out)
        case Reraise(kinds=kinds, source=source, after=after):
            if after is not None and SWALLOWER in store.values(source):
                _send(after, store, setting, out)
                return
            for kind in kinds:
                for target in block.frame.route(kind):
                    _send(target, store.copy(), setting, out)
        case _:
            pass
