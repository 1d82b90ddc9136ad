"""One module's text and tree. It knows where nodes stand, in characters; it knows nothing of what they mean."""

import ast
import gc
import symtable
import warnings
from codecs import BOM_UTF8
from functools import cached_property
from pathlib import Path

from leaklint.model.data import dataclass
from leaklint.model.span import Span

Located = ast.stmt | ast.expr | ast.excepthandler | ast.arg | ast.keyword | ast.alias | ast.pattern


class SourceError(Exception):
    """A file cannot be analysed; `line` is 1-based, 0 where no line is to blame."""

    def __init__(self, path: str, line: int, reason: str) -> None:
        super().__init__(f"{path}:{line}: {reason}" if line else f"{path}: {reason}")
        self.path = path
        self.line = line
        self.reason = reason

    def __reduce__(self) -> tuple[type["SourceError"], tuple[str, int, str]]:
        """Say how it is made again, in another process."""
        return SourceError, (self.path, self.line, self.reason)


@dataclass(frozen=True)
class Source:
    """A parsed module. `path` is as the user gave it; lines are split on newlines only, as `ast` counts them."""

    path: str
    text: str
    tree: ast.Module

    @cached_property
    def lines(self) -> list[str]:
        """The lines without their newlines; line n is at index n - 1."""
        return self.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")

    def span(self, node: Located) -> Span:
        """Give the span of a node in characters (`ast` counts UTF-8 bytes)."""
        end_line = node.end_lineno or node.lineno
        end_column = node.end_col_offset if node.end_col_offset is not None else node.col_offset
        return Span(
            node.lineno,
            self._character(node.lineno, node.col_offset),
            end_line,
            self._character(end_line, end_column),
        )

    def segment(self, span: Span) -> str:
        """Give the text of a span, lines joined by a newline."""
        lines = self.lines[span.line - 1 : span.end_line]
        if len(lines) == 1:
            return lines[0][span.column : span.end_column]
        return "\n".join([lines[0][span.column :], *lines[1:-1], lines[-1][: span.end_column]])

    def _character(self, line: int, byte: int) -> int:
        text = self.lines[line - 1]
        return byte if text.isascii() else len(text.encode("utf-8")[:byte].decode("utf-8", "replace"))


def parse(path: str, text: str) -> Source:
    """Parse a module's text.

    Raises SourceError where it is no Python, nests too deeply or holds a NUL.
    """
    collecting = gc.isenabled()
    gc.disable()  # nodes are all alive until the end: collections while parsing cost a fifth of its time and free nothing
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Source(path, text, ast.parse(text))
    except SyntaxError as error:
        raise SourceError(path, error.lineno or 0, f"does not parse: {error.msg}") from None
    except ValueError as error:
        raise SourceError(path, 0, f"does not parse: {error}") from None
    except (RecursionError, MemoryError):
        raise SourceError(path, 0, "does not parse: nested too deeply") from None
    finally:
        if collecting:
            gc.enable()


def check_syntax(path: str, text: str) -> None:
    """Raise SourceError where a text does not parse; no tree is made, which saves a third of parsing."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            symtable.symtable(text, path, "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        parse(path, text)  # which may differ: not every text that parses has names that compile


def read(path: Path) -> Source:
    """Read and parse a file; raises SourceError where it cannot be read, decoded or parsed."""
    return parse(str(path), read_text(str(path)))


def read_text(path: str) -> str:
    """Read a file by its own encoding declaration; raises SourceError."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise SourceError(path, 0, f"cannot be read: {error.strerror or error}") from None
    return decode(path, data)


def decode(path: str, data: bytes) -> str:
    """Decode a file's bytes by its BOM or coding line (PEP 263); raises SourceError."""
    try:
        return data.decode(encoding_of(data))
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        raise SourceError(path, 0, f"cannot be decoded: {error}") from None


def encoding_of(data: bytes) -> str:
    """Give the encoding that a file's bytes declare; raises SyntaxError where they declare none that there is."""
    if not data.startswith(BOM_UTF8) and b"coding" not in b"".join(data.split(b"\n", 2)[:2]):
        return "utf-8"
    import io
    import tokenize  # only here: few files declare anything, and importing it takes as long as a small file

    return tokenize.detect_encoding(io.BytesIO(data).readline)[0]
