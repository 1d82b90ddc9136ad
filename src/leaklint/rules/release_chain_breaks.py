"""Two releases stand in a row; where the first raises, the second is skipped.

Why: closing may fail (a flush, a lost connection), and then the rest stays open. This is advice.

Bad:
    class Pair:
        def __init__(self, left, right):
            self.left, self.right = open(left), open(right)
        def close(self):
            self.left.close()  # LKR902
            self.right.close()

Good:
    class Pair:
        def __init__(self, left, right):
            self.left, self.right = open(left), open(right)
        def close(self):
            try:
                self.left.close()
            finally:
                self.right.close()

Fix: what would be skipped goes into a `finally`.
"""

from collections.abc import Iterator

from leaklint.analysis.chains import Chain, chains_of_body, chains_of_class
from leaklint.analysis.facts import is_test_class
from leaklint.analysis.modules import ModuleFacts
from leaklint.model.finding import Finding
from leaklint.rules.rule import Rule


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report the releases whose failure skips another one."""
    for owner in module.owners:
        if is_test_class(owner):
            continue  # a runner's teardown is the rules of set-ups' to judge
        yield from (_finding(one, "self.", module) for one in chains_of_class(owner))
    for facts in module.bodies:
        yield from (_finding(one, "", module) for one in chains_of_body(facts))


def _finding(chain: Chain, prefix: str, module: ModuleFacts) -> Finding:
    from leaklint.analysis.order_plan import plan_chain  # only here: there is seldom such a chain

    text = f"where this raises, `{prefix}{chain.skipped}` stays open; release it in a `finally`"
    return Finding(rule.code, module.source.span(chain.release), text, fix=plan_chain(chain, module))


rule = Rule("LKR902", "release-chain-breaks", "the first release raises, the second is skipped", "try/finally", check)
