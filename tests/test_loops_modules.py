"""What is known of loops over modules: imported generators that are abandoned, clients that two runs of another module use."""

import re
import textwrap
from pathlib import Path

import pytest

from leaklint.config import Config
from leaklint.engine import Project, lint
from leaklint.model.source import read

MARK = re.compile(r"# (LKR\d{3})$")
GENERATORS = """
    import httpx
    async def count_up():
        try:
            yield 1
        finally:
            print("done")
    async def plain():
        yield 1
    class Table:
        async def rows(self):
            try:
                yield 1
            finally:
                print("done")
        async def few(self):
            yield 1
"""
TREES = {
    "an imported generator": {
        "generators.py": GENERATORS,
        "use.py": """
            from contextlib import aclosing
            from shop import generators
            from shop.generators import count_up, plain, Table
            async def by_name():
                async for number in count_up():  # LKR209
                    return number
            async def through_its_module():
                async for number in generators.count_up():  # LKR209
                    if number:
                        break
            async def of_an_object(table: Table):
                async for row in table.rows():  # LKR209
                    return row
            async def of_one_made_here():
                table = Table()
                async for row in table.rows():  # LKR209
                    return row
            async def to_its_end():
                async for number in count_up():
                    print(number)
            async def closed():
                async with aclosing(count_up()) as numbers:
                    async for number in numbers:
                        return number
            async def that_holds_nothing(table: Table):
                async for number in plain():
                    return number
                async for row in table.few():
                    return row
            async def of_another(count_up):
                async for number in count_up():
                    return number
        """,
    },
    "an attribute's generator": {
        "generators.py": GENERATORS,
        "use.py": """
            from shop.generators import Table
            class Shop:
                def __init__(self):
                    self.table = Table()
                async def first(self):
                    async for row in self.table.rows():  # LKR209
                        return row
        """,
    },
    "a generator that another module hands to a driver": {
        "sessions.py": """
            import httpx
            async def page():
                async with httpx.AsyncClient() as client:
                    yield await client.get("http://localhost")
            async def pages():
                async with httpx.AsyncClient() as client:
                    yield await client.get("http://localhost")  # LKR209
        """,
        "app.py": """
            from fastapi import Depends
            from shop.sessions import page, pages
            async def home(page=Depends(page)): ...
            async def all_of_them():
                return [one async for one in pages()]
        """,
    },
    "runs in another module": {
        "clients.py": """
            import functools
            import httpx
            client = httpx.AsyncClient()  # LKR202
            once = httpx.AsyncClient()
            closed = httpx.AsyncClient()
            @functools.lru_cache
            def cached():
                return httpx.AsyncClient()  # LKR202
            async def home():
                return await client.get("http://localhost")
            async def by_one():
                return await once.get("http://localhost")
            async def by_two():
                return await closed.get("http://localhost")
        """,
        "service.py": """
            from .clients import cached, home
            async def both():
                await home()
                return await cached().get("http://localhost")
        """,
        "main.py": """
            import asyncio
            from shop import service
            from shop.clients import by_one, by_two, closed
            def main():
                asyncio.run(service.both())
                asyncio.run(service.both())
                asyncio.run(by_one())
                asyncio.run(by_two())
                asyncio.run(by_two())
            async def shutdown():
                await closed.aclose()
        """,
    },
    "a coroutine of another module that uses a client of this one": {
        "main.py": """
            import asyncio
            import httpx
            from shop import service
            client = httpx.AsyncClient()  # LKR202
            def main():
                asyncio.run(service.fetch())
                asyncio.run(service.fetch())
        """,
        "service.py": """
            async def fetch():
                from shop.main import client
                return await client.get("http://localhost")
        """,
    },
    "a package that lets loops nest when it is imported": {
        "setup.py": """
            try:
                import nest_asyncio
                nest_asyncio.apply()
            except ImportError:
                pass
        """,
        "tasks.py": """
            import asyncio
            async def work(): ...
            async def main():
                asyncio.run(work())
        """,
    },
    "a package that lets loops nest only when it is asked to": {
        "notebook.py": """
            import nest_asyncio
            def prepare():
                nest_asyncio.apply()
        """,
        "tasks.py": """
            import asyncio
            async def work(): ...
            async def main():
                asyncio.run(work())  # LKR201
        """,
    },
    "a plain method called aclose": {
        "actions.py": """
            class Actions:
                def aclose(self): ...
            class Channel:
                async def aclose(self): ...
        """,
        "use.py": """
            from shop.actions import Actions, Channel
            class Tool:
                def __init__(self):
                    self.actions = Actions()
                    self.channel = Channel()
                async def stop(self):
                    self.actions.aclose()
                    self.channel.aclose()  # LKR204
        """,
    },
    "runs of tests": {
        "clients.py": """
            import httpx
            client = httpx.AsyncClient()
            async def home():
                return await client.get("http://localhost")
        """,
        "test_clients.py": """
            import asyncio
            from shop.clients import home
            def test_one():
                asyncio.run(home())
            def test_two():
                asyncio.run(home())
        """,
    },
}


@pytest.mark.parametrize("name", TREES)
def test_over_modules(name: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    package = tmp_path / "shop"
    package.mkdir()
    (package / "__init__.py").touch()
    for file, text in TREES[name].items():
        (package / file).write_text(textwrap.dedent(text), encoding="utf-8")
    project = Project(Config(tmp_path))
    for file in TREES[name]:
        source = read(package / file)
        wanted = [(number, found[1]) for number, line in enumerate(source.lines, 1) if (found := MARK.search(line))]
        assert [(one.span.line, one.code) for one in lint(source, project) if one.code.startswith("LKR2")] == wanted
