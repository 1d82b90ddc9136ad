"""The safe fixes of event loops, run: before the fix the code warns or raises, after it there is not a word."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from leaklint.config import Config
from leaklint.engine import Project
from leaklint.fixing import fix_source
from leaklint.model.finding import Finding
from leaklint.model.source import Source, parse

PIECES = {
    "LKR201 await": """
        import asyncio, aiohttp
        async def fetch():
            async with aiohttp.ClientSession() as session, session.get(URL) as response:
                return await response.text()
        async def main():
            return asyncio.run(fetch())
        asyncio.run(main())
    """,
    "LKR201 await of a function": """
        import anyio, httpx
        async def fetch(path):
            async with httpx.AsyncClient() as client:
                return (await client.get(URL + path)).text
        async def main():
            return anyio.run(fetch, "/x")
        anyio.run(main)
    """,
    "LKR203 asyncio.run": """
        import asyncio, httpx
        async def fetch():
            async with httpx.AsyncClient() as client:
                return (await client.get(URL)).text
        def main():
            loop = asyncio.new_event_loop()
            return loop.run_until_complete(fetch())
        main()
    """,
    "LKR203 finally": """
        import asyncio, httpx
        async def fetch():
            async with httpx.AsyncClient() as client:
                return (await client.get(URL)).text
        def main():
            loop = asyncio.new_event_loop()
            loop.run_until_complete(fetch())
            return loop.run_until_complete(fetch())
        main()
    """,
    "LKR203 Runner": """
        import asyncio, aiohttp
        async def fetch():
            async with aiohttp.ClientSession() as session, session.get(URL) as response:
                return await response.text()
        def main():
            runner = asyncio.Runner()
            return runner.run(fetch())
        main()
    """,
    "LKR204 aclose": """
        import asyncio, httpx
        async def main():
            client = httpx.AsyncClient()
            try:
                return (await client.get(URL)).text
            finally:
                client.aclose()
        asyncio.run(main())
    """,
    "LKR204 close": """
        import asyncio, aiohttp
        async def main():
            session = aiohttp.ClientSession()
            try:
                async with session.get(URL) as response:
                    return await response.text()
            finally:
                session.close()
        asyncio.run(main())
    """,
    "LKR204 asyncTearDown": """
        import unittest, aiohttp
        class TestServer(unittest.IsolatedAsyncioTestCase):
            async def asyncSetUp(self):
                self.session = aiohttp.ClientSession()
            def tearDown(self):
                self.session.close()
            async def test_server(self):
                async with self.session.get(URL) as response:
                    self.assertEqual(response.status, 200)
        result = unittest.defaultTestLoader.loadTestsFromTestCase(TestServer).run(unittest.TestResult())
        assert result.wasSuccessful(), result
    """,
    "LKR205 async with": """
        import asyncio, httpx
        async def main():
            with httpx.AsyncClient() as client:
                return (await client.get(URL)).text
        asyncio.run(main())
    """,
    "LKR205 with": """
        import asyncio, httpx
        async def main():
            async with httpx.Client() as client:
                return client.get(URL).text
        asyncio.run(main())
    """,
    "LKR205 aclose": """
        import asyncio, httpx
        async def main():
            client = httpx.AsyncClient()
            try:
                return (await client.get(URL)).text
            finally:
                client.close()
        asyncio.run(main())
    """,
    "LKR206 asyncio.run": """
        import asyncio, httpx
        async def main():
            async with httpx.AsyncClient() as client:
                return (await client.get(URL)).text
        if __name__ == "__main__":
            asyncio.get_event_loop().run_until_complete(main())
    """,
    "LKR209 aclosing": """
        import asyncio, contextlib, httpx
        async def lines(client):
            response = await client.send(client.build_request("GET", URL), stream=True)
            try:
                async for line in response.aiter_lines():
                    yield line
            finally:
                await response.aclose()
                closed.append(True)
        async def first(client):
            async for line in lines(client):
                return line
        async def main():
            async with httpx.AsyncClient() as client:
                await first(client)
                assert closed
        closed = []
        asyncio.run(main())
    """,
    "LKR210 call": """
        import asyncio, httpx
        async def main():
            async with httpx.AsyncClient() as client:
                return (await client.get(URL)).text
        asyncio.run(main)
    """,
    "LKR906 set_event_loop": """
        import asyncio
        async def work(): ...
        def main():
            loop = asyncio.new_event_loop()
            asyncio.set_event_loop(loop)
            try:
                loop.run_until_complete(work())
            finally:
                loop.close()
        main()
        try:
            loop = asyncio.get_event_loop_policy().get_event_loop()
        except RuntimeError:
            loop = None
        assert loop is None
    """,
}
CODES = {name: name[:6] for name in PIECES}


def fixed(name: str, text: str, project: Project) -> str:
    """Fix what a piece shows."""

    def wanted(finding: Finding, source: Source) -> bool:
        del source
        return finding.code == CODES[name]

    result = fix_source(parse("piece.py", text), project, wanted, unsafe=False)
    assert [finding.code for finding in result.applied] == [CODES[name]]
    return result.text


@pytest.fixture(scope="module")
def troubles() -> dict[str, list[str]]:
    """What goes wrong in each piece, `name before` and `name after`, all run in one process."""
    project = Project(Config(Path(__file__).parent))
    before = {name: textwrap.dedent(piece).lstrip("\n") for name, piece in PIECES.items()}
    texts = {f"{name} after": fixed(name, text, project) for name, text in before.items()}
    texts |= {f"{name} before": text for name, text in before.items()}  # last: what they leave may fail late
    script = Path(__file__).with_name("run_pieces.py")
    command = [sys.executable, "-X", "dev", "-W", "error::ResourceWarning", str(script)]
    done = subprocess.run(command, input=json.dumps(texts), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", PIECES)
def test_there_is_trouble_before_and_none_after(name: str, troubles: dict[str, list[str]]) -> None:
    assert troubles[f"{name} before"]
    assert troubles[f"{name} after"] == []
