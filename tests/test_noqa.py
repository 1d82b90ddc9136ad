"""`# noqa` is read as flake8 reads it: both are asked about the same lines."""

import argparse
from pathlib import Path

import pytest
from flake8.defaults import NOQA_FILE
from flake8.processor import FileProcessor
from flake8.violation import Violation

from leaklint.model.finding import Finding
from leaklint.model.span import Span
from leaklint.noqa import unsilenced

LINES = [
    "x = 1\n",
    "x = 1  # noqa\n",
    "x = 1  # NOQA\n",
    "x = 1  #noqa\n",
    "x = 1  # noqa: LKR101\n",
    "x = 1  # noqa:LKR101\n",
    "x = 1  # noqa: LKR1\n",
    "x = 1  # noqa: LKR102\n",
    "x = 1  # noqa: lkr101\n",
    "x = 1  # noqa: E501, LKR101\n",
    "x = 1  # noqa: E501 LKR101\n",
    "x = 1  # noqa: E501,W2\n",
    "x = 1  # noqa : LKR102\n",
    "x = 1  # noqa - because\n",
    "x = 1  # reason # noqa: LKR101 reason\n",
    "x = '''\nnoqa\n'''\n",
    "x = '''\n# noqa\n'''\n",
    "x = '''\n'''  # noqa\n",
    "x = f(\n    1,  # noqa\n    2,\n)\n",
    "x = f(\n    1,\n    2,\n)  # noqa: LKR101\n",
    "x = 1 + \\\n    2  # noqa\n",
    "# noqa\nx = 1\n",
    "if x:\n    y = 1  # noqa\nz = 2\n",
    "x = f'''{\n    1}\n'''  # noqa\n",
    "x = 1\r\ny = 2  # noqa\r\n",
    "x = 1\fy  # noqa\n",
    "# flake8: noqa\nx = 1\n",
    "x = 1  # flake8: noqa\n",
    "# flake8: noqa: LKR101\nx = 1\n",
    "# FLAKE8: NOQA\nx = 1\n",
    "x = 1  # noqa",
]


@pytest.mark.parametrize("text", LINES)
def test_the_same_lines_are_silenced_as_in_flake8(text: str, tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_bytes(text.encode())
    options = argparse.Namespace(hang_closing=False, indent_size=4, max_line_length=79, max_doc_length=None, verbose=0)
    processor = FileProcessor(str(path), options)
    for line in range(1, len(processor.lines) + 1):
        violation = Violation("LKR101", str(path), line, 1, "", processor.noqa_line_for(line))
        is_silenced = violation.is_inline_ignored(False) or any(NOQA_FILE.match(each) for each in processor.lines)
        finding = Finding("LKR101", Span(line, 0, line, 1), "")
        assert unsilenced([finding], text) == ([] if is_silenced else [finding])


def test_text_that_cannot_be_tokenized_is_searched_line_by_line() -> None:
    findings = [Finding("LKR101", Span(line, 0, line, 1), "") for line in (1, 2)]
    assert unsilenced(findings, "x = (1  # noqa\ny = 2\n") == findings[1:]
