"""Files replaced whole or not at all. It knows nothing of what it writes."""

import os
import secrets
import stat
from pathlib import Path

from leaklint.model.source import encoding_of


class CannotWrite(OSError):
    """A file is left as it was; `reason` is a clause a user can read."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: not written: {reason}")
        self.path = path
        self.reason = reason


class ChangedMeanwhile(CannotWrite):
    """A file on disk is no longer what was fixed."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "it changed meanwhile; run leaklint fix again")


def write_atomically(path: Path, original: bytes, text: str) -> None:
    """Replace a file's content by `text`, in the encoding (and with the BOM) of `original`, or leave it untouched.

    Links are followed, permission bits stay. Newlines are written as they are in `text`. Raises ChangedMeanwhile where
    the file does not hold `original` any more, CannotWrite for all else.
    """
    data = _encoded(path, original, text)
    try:
        target = Path(os.path.realpath(path, strict=True))
        mode = target.stat().st_mode
        if not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) or not os.access(target, os.W_OK):
            raise CannotWrite(path, "it is read-only")
        _replace(path, target, original, data, stat.S_IMODE(mode))
    except CannotWrite:
        raise
    except OSError as error:
        raise CannotWrite(path, error.strerror or str(error)) from None


def write_text(path: Path, text: str) -> None:
    """Make a file, or replace its content, whatever it was; UTF-8. Raises CannotWrite."""
    try:
        original = path.read_bytes() if path.exists() else None
    except OSError as error:
        raise CannotWrite(path, error.strerror or str(error)) from None
    if original is not None:
        write_atomically(path, original, text)
        return
    try:
        with open(path, "x", encoding="utf-8", newline="") as file:
            file.write(text)
    except OSError as error:
        raise CannotWrite(path, error.strerror or str(error)) from None


def _encoded(path: Path, original: bytes, text: str) -> bytes:
    try:
        encoding = encoding_of(original)
        if original.decode(encoding).encode(encoding) != original:
            raise CannotWrite(path, f"{encoding} would not write back the lines that stay")
        return text.encode(encoding)
    except UnicodeEncodeError as error:
        raise CannotWrite(path, f"{error.object[error.start]!a} cannot be written in {error.encoding}") from None
    except (SyntaxError, LookupError, UnicodeDecodeError) as error:
        raise CannotWrite(path, f"it cannot be decoded: {error}") from None


def _replace(path: Path, target: Path, original: bytes, data: bytes, mode: int) -> None:
    """Write beside the target, then move over it; whatever happens, nothing is left beside it."""
    beside = target.with_name(f".{target.name[:80]}.{secrets.token_hex(6)}.tmp")
    try:
        with open(beside, "xb", opener=_open_private) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.chmod(mode)
        if target.read_bytes() != original:
            raise ChangedMeanwhile(path)
        os.replace(beside, target)
    finally:
        beside.unlink(missing_ok=True)


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)  # nobody else reads it before it has the permissions of the target
