"""The rules of event loops, coroutines and tasks, loaded where a module may have to do with them."""

from leaklint.rules import (
    closed_without_waiting,
    crosses_loops,
    generator_not_closed,
    get_event_loop_in_coroutine,
    loop_not_closed,
    loop_thread_not_stopped,
    no_current_loop,
    not_a_coroutine,
    removed_loop_api,
    run_inside_loop,
    run_per_item,
    stale_current_loop,
    task_dropped,
)
from leaklint.rules.rule import Rule

RULES: tuple[Rule, ...] = (
    run_inside_loop.rule,
    crosses_loops.rule,
    loop_not_closed.rule,
    no_current_loop.rule,
    loop_thread_not_stopped.rule,
    task_dropped.rule,
    generator_not_closed.rule,
    not_a_coroutine.rule,
    run_per_item.rule,
    stale_current_loop.rule,
    get_event_loop_in_coroutine.rule,
    closed_without_waiting.rule,
    removed_loop_api.rule,
)
