"""Carries fixes out on a module's text; the only place that uses libcst, which is imported with the first fix."""

from collections.abc import Sequence

from leaklint.model.fix import Fix
from leaklint.rewrite.extent import clashes, extent
from leaklint.rewrite.refusal import CannotRewrite

__all__ = ["CannotRewrite", "apply", "clashes", "extent"]


def apply(text: str, fixes: Sequence[Fix]) -> str:
    """Give the text with all fixes carried out; what no fix touches stays as it is, byte for byte.

    Raises CannotRewrite where two fixes clash (see `clashes`) or one of them meets something that it cannot rewrite;
    another batch may then do.
    """
    from leaklint.rewrite.module import rewrite_module  # a file without a fix must not pay for loading libcst

    return rewrite_module(text, fixes)
