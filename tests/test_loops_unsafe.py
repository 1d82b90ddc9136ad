"""The unsafe fixes of loops in threads and of loops in fixtures: what each gives, word for word."""

import textwrap
from pathlib import Path

import pytest

from leaklint.config import Config
from leaklint.engine import Project
from leaklint.fixing import fix_source
from leaklint.model.finding import Finding
from leaklint.model.source import Source, parse

CASES = {
    "LKR206 several runs on the current loop": (
        """
        import asyncio
        async def first(): ...
        def main():
            loop = asyncio.get_event_loop()
            loop.run_until_complete(first())
            print("between")
            loop.run_until_complete(first())
            loop.close()
            return 1
        """,
        """
        import asyncio
        async def first(): ...
        def main():
            with asyncio.Runner() as runner:
                runner.run(first())
                print("between")
                runner.run(first())
            return 1
        """,
    ),
    "LKR207 a thread that nobody keeps": (
        """
        import asyncio, threading
        class Background:
            def __init__(self):
                self.loop = asyncio.new_event_loop()
                threading.Thread(target=self.loop.run_forever, daemon=True).start()
        """,
        """
        import asyncio, threading
        class Background:
            def __init__(self):
                self.loop = asyncio.new_event_loop()
                self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
                self.thread.start()

            def close(self):
                self.loop.call_soon_threadsafe(self.loop.stop)
                self.thread.join()
                self.loop.close()
        """,
    ),
    "LKR207 a thread in a name": (
        """
        import asyncio, threading
        class Background:
            def __init__(self):
                self._loop = asyncio.new_event_loop()
                thread = threading.Thread(target=self._run)
                thread.start()
            def _run(self):
                self._loop.run_forever()
        """,
        """
        import asyncio, threading
        class Background:
            def __init__(self):
                self._loop = asyncio.new_event_loop()
                thread = threading.Thread(target=self._run)
                self._thread = thread
                thread.start()
            def _run(self):
                self._loop.run_forever()

            def close(self):
                self._loop.call_soon_threadsafe(self._loop.stop)
                self._thread.join()
                self._loop.close()
        """,
    ),
    "LKR207 a close that does something else": (
        """
        import asyncio, threading
        class Background(threading.Thread):
            def __init__(self):
                super().__init__()
                self.loop = asyncio.new_event_loop()
            def run(self):
                self.loop.run_forever()
            def stop(self):
                print("bye")
        """,
        """
        import asyncio, threading
        class Background(threading.Thread):
            def __init__(self):
                super().__init__()
                self.loop = asyncio.new_event_loop()
            def run(self):
                self.loop.run_forever()
            def stop(self):
                print("bye")
                self.loop.call_soon_threadsafe(self.loop.stop)
                self.join()
                self.loop.close()
        """,
    ),
    "LKR207 stopped, and no more": (
        """
        import asyncio, threading
        class Background:
            def __init__(self):
                self.loop = asyncio.new_event_loop()
                self.thread = threading.Thread(target=self.loop.run_forever)
                self.thread.start()
            def stop(self):
                self.loop.call_soon_threadsafe(self.loop.stop)
        """,
        """
        import asyncio, threading
        class Background:
            def __init__(self):
                self.loop = asyncio.new_event_loop()
                self.thread = threading.Thread(target=self.loop.run_forever)
                self.thread.start()
            def stop(self):
                self.loop.call_soon_threadsafe(self.loop.stop)
                self.thread.join()
                self.loop.close()
        """,
    ),
    "LKR207 in a function": (
        """
        import asyncio, threading
        def fetch(coroutine):
            loop = asyncio.new_event_loop()
            thread = threading.Thread(target=loop.run_forever)
            thread.start()
            return asyncio.run_coroutine_threadsafe(coroutine, loop).result()
        """,
        """
        import asyncio, threading
        def fetch(coroutine):
            loop = asyncio.new_event_loop()
            thread = threading.Thread(target=loop.run_forever)
            thread.start()
            try:
                return asyncio.run_coroutine_threadsafe(coroutine, loop).result()
            finally:
                loop.call_soon_threadsafe(loop.stop)
                thread.join()
                loop.close()
        """,
    ),
    "LKR909 an override": (
        """
        import asyncio
        import pytest
        @pytest.fixture
        def event_loop():
            loop = asyncio.new_event_loop()
            yield loop
            loop.close()
        async def test_one(): ...
        """,
        """
        import asyncio
        import pytest
        async def test_one(): ...
        """,
    ),
    "LKR909 an override with a scope": (
        """
        import asyncio
        import pytest

        # one for all
        @pytest.fixture(scope="session")
        def event_loop():
            loop = asyncio.get_event_loop_policy().new_event_loop()
            yield loop
            loop.close()
        async def test_one(): ...
        """,
        """
        import asyncio
        import pytest

        # one for all
        pytestmark = pytest.mark.asyncio(loop_scope="session")
        async def test_one(): ...
        """,
    ),
    "LKR909 one run": (
        """
        async def work(): ...
        def test_work(tmp_path, event_loop):
            event_loop.run_until_complete(work())
        """,
        """
        import asyncio


        async def work(): ...
        def test_work(tmp_path):
            asyncio.run(work())
        """,
    ),
    "LKR909 several runs": (
        """
        import asyncio
        async def work(): ...
        def test_work(event_loop, tmp_path):
            "Twice."
            event_loop.run_until_complete(work())
            assert event_loop.run_until_complete(work()) is None
        """,
        """
        import asyncio
        async def work(): ...
        def test_work(tmp_path):
            "Twice."
            with asyncio.Runner() as runner:
                runner.run(work())
                assert runner.run(work()) is None
        """,
    ),
    "LKR909 in a coroutine": (
        """
        import asyncio
        async def test_work(event_loop):
            await event_loop.run_in_executor(None, print)
        """,
        """
        import asyncio
        async def test_work():
            await asyncio.get_running_loop().run_in_executor(None, print)
        """,
    ),
    "LKR301 what only a coroutine releases": (
        """
        import pytest
        from sqlalchemy.ext.asyncio import create_async_engine
        @pytest.fixture(scope="session")
        def engine():
            engine = create_async_engine("sqlite+aiosqlite://")
            return engine
        """,
        """
        import pytest
        import pytest_asyncio
        from sqlalchemy.ext.asyncio import create_async_engine
        @pytest_asyncio.fixture
        async def engine():
            engine = create_async_engine("sqlite+aiosqlite://")
            try:
                yield engine
            finally:
                await engine.dispose()
        """,
    ),
    "LKR301 a new with, and a new annotation": (
        """
        import httpx
        import pytest
        @pytest.fixture(name="web")
        def client() -> httpx.AsyncClient:
            return httpx.AsyncClient()
        """,
        """
        from collections.abc import AsyncIterator

        import httpx
        import pytest
        import pytest_asyncio
        @pytest_asyncio.fixture(name="web")
        async def client() -> AsyncIterator[httpx.AsyncClient]:
            async with httpx.AsyncClient() as client:
                yield client
        """,
    ),
    "LKR302 yielded by a plain fixture": (
        """
        import typing
        import httpx
        import pytest
        @pytest.fixture
        def client() -> typing.Generator[httpx.AsyncClient, None, None]:
            client = httpx.AsyncClient()
            yield client
        """,
        """
        import pytest_asyncio
        import typing
        import httpx
        import pytest
        @pytest_asyncio.fixture
        async def client() -> typing.AsyncGenerator[httpx.AsyncClient, None]:
            async with httpx.AsyncClient() as client:
                yield client
        """,
    ),
}
LEFT = {
    "LKR207 a close that returns": """
        import asyncio, threading
        class Background:
            def __init__(self):
                self.loop = asyncio.new_event_loop()
                threading.Thread(target=self.loop.run_forever).start()
            def close(self):
                return True
        """,
    "LKR909 an override that does more": """
        import asyncio
        import pytest
        @pytest.fixture
        def event_loop(settings):
            loop = settings.loop()
            yield loop
            loop.close()
        """,
    "LKR909 a scope, and plain tests": """
        import asyncio
        import pytest
        @pytest.fixture(scope="module")
        def event_loop():
            loop = asyncio.new_event_loop()
            yield loop
            loop.close()
        def test_one(): ...
        """,
    "LKR909 a task on it": """
        async def work(): ...
        def test_work(event_loop):
            task = event_loop.create_task(work())
            event_loop.run_until_complete(task)
        """,
    "LKR301 a fixture that runs a loop": """
        import asyncio
        import httpx
        import pytest
        @pytest.fixture
        def client():
            client = httpx.AsyncClient()
            asyncio.run(client.get("http://localhost"))
            return client
        """,
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(Config(tmp_path, target_version=(3, 11)))


def fixed(name: str, text: str, project: Project) -> str:
    """Fix what a case shows."""

    def wanted(finding: Finding, source: Source) -> bool:
        del source
        return finding.code == name[:6]

    path = project.config.root / "test_case.py"
    return fix_source(parse(str(path), textwrap.dedent(text).lstrip("\n")), project, wanted, unsafe=True).text


@pytest.mark.parametrize("name", CASES)
def test_unsafe_fix(name: str, project: Project) -> None:
    before, after = CASES[name]
    assert fixed(name, before, project) == textwrap.dedent(after).lstrip("\n")


@pytest.mark.parametrize("name", LEFT)
def test_left_alone(name: str, project: Project) -> None:
    assert fixed(name, LEFT[name], project) == textwrap.dedent(LEFT[name]).lstrip("\n")


def test_an_override_in_a_conftest_marks_every_async_test(project: Project) -> None:
    text = """
        import asyncio
        import pytest


        @pytest.fixture(scope="session")
        def event_loop():
            loop = asyncio.new_event_loop()
            yield loop
            loop.close()
        """
    source = parse(str(project.config.root / "conftest.py"), textwrap.dedent(text).lstrip("\n"))
    result = fix_source(source, project, lambda finding, _: finding.code == "LKR909", unsafe=True)
    assert result.text == textwrap.dedent("""\
        import asyncio
        import pytest
        import pytest_asyncio


        def pytest_collection_modifyitems(items):
            for item in items:
                if pytest_asyncio.is_async_test(item):
                    item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
        """)
