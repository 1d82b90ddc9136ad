"""Messages about the project's own classes name both ends: the class, and what opens behind it, however deep."""

from pathlib import Path

from leaklint.config import load_config
from leaklint.engine import Project, lint
from leaklint.model.source import read

FILES = {
    "pyproject.toml": "[tool.leaklint]\n",
    "app/__init__.py": "",
    "app/backends.py": """\
import httpx


class Backend:
    def __init__(self, url):
        self.http = httpx.Client(base_url=url)

    def close(self):
        self.http.close()
""",
    "app/session.py": """\
from app.backends import Backend


class Session:
    def __init__(self, url):
        self.backend = Backend(url)

    def close(self):
        self.backend.close()
""",
    "app/main.py": """\
from app.session import Session


def main():
    session = Session("x")
    print(session)
""",
}


def test_both_ends_are_named(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    path = tmp_path / "app" / "main.py"
    (finding,) = lint(read(path), Project(load_config(path)))
    ends = "`session` (app.session.Session, which owns httpx.Client opened at app/backends.py:6)"
    assert finding.message.startswith(f"{ends} is never released")
