"""Where something stands in a file."""

from leaklint.model.data import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A range of characters: lines are 1-based, columns 0-based characters (not bytes), the end is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int

    def contains(self, other: "Span") -> bool:
        """Say whether `other` lies within this span (or equals it)."""
        return (self.line, self.column) <= (other.line, other.column) and (other.end_line, other.end_column) <= (
            self.end_line,
            self.end_column,
        )
