"""The safe fixes of event loops, run: before the fix the code warns or raises, after it there is not a word."""

import importlib.util
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
    "LKR201 run_until_complete": """
        import asyncio, aiohttp
        async def fetch():
            async with aiohttp.ClientSession() as session, session.get(URL) as response:
                return await response.text()
        async def main():
            loop = asyncio.get_running_loop()
            return loop.run_until_complete(fetch())
        asyncio.run(main())
    """,
    "LKR201 a Runner from elsewhere": """
        import asyncio, httpx
        async def fetch():
            async with httpx.AsyncClient() as client:
                return (await client.get(URL)).text
        async def main(runner: asyncio.Runner):
            return runner.run(fetch())
        with asyncio.Runner() as runner:
            runner.run(main(runner))
    """,
    "LKR201 trio": """
        import httpx, trio
        async def fetch(path):
            async with httpx.AsyncClient() as client:
                return (await client.get(URL + path)).text
        async def main():
            return trio.run(fetch, "/x")
        trio.run(main)
    """,
    "LKR201 in a test": """
        import asyncio, unittest, aiohttp
        async def fetch():
            async with aiohttp.ClientSession() as session, session.get(URL) as response:
                return await response.text()
        class TestServer(unittest.IsolatedAsyncioTestCase):
            async def test_server(self):
                self.assertEqual(asyncio.run(fetch()), "hello /")
        result = unittest.defaultTestLoader.loadTestsFromTestCase(TestServer).run(unittest.TestResult())
        assert result.wasSuccessful(), result
    """,
    "LKR201 for each": """
        import asyncio, httpx
        async def fetch(client, path):
            return (await client.get(URL + path)).text
        async def main():
            async with httpx.AsyncClient() as client:
                return [asyncio.run(fetch(client, path)) for path in ("/x", "/y")]
        asyncio.run(main())
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
    "LKR203 asyncio.run of what was installed": """
        import asyncio, aiohttp
        async def fetch():
            async with aiohttp.ClientSession() as session, session.get(URL) as response:
                return await response.text()
        def main():
            loop = asyncio.new_event_loop()
            asyncio.set_event_loop(loop)
            return loop.run_until_complete(fetch())
        main()
    """,
    "LKR203 asyncio.run in one expression": """
        import asyncio, httpx
        async def fetch():
            async with httpx.AsyncClient() as client:
                return (await client.get(URL)).text
        def main():
            return asyncio.new_event_loop().run_until_complete(fetch())
        main()
    """,
    "LKR203 asyncio.run where a failure skips the close": """
        import asyncio, httpx
        async def fetch():
            async with httpx.AsyncClient() as client:
                (await client.get("http://127.0.0.1:1")).raise_for_status()
        def main():
            loop = asyncio.new_event_loop()
            loop.run_until_complete(fetch())
            loop.close()
        try:
            main()
        except httpx.ConnectError:
            pass
    """,
    "LKR203 finally of another kind of loop": """
        import asyncio, selectors, aiohttp
        async def fetch():
            async with aiohttp.ClientSession() as session, session.get(URL) as response:
                return await response.text()
        def main():
            loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
            return loop.run_until_complete(fetch())
        main()
    """,
    "LKR203 a Runner that is closed on one path": """
        import asyncio, httpx
        async def fetch():
            async with httpx.AsyncClient() as client:
                (await client.get("http://127.0.0.1:1")).raise_for_status()
        def main():
            runner = asyncio.Runner()
            runner.run(fetch())
            runner.close()
        try:
            main()
        except httpx.ConnectError:
            pass
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
    "LKR204 dispose": """
        import asyncio
        from sqlalchemy import text
        from sqlalchemy.ext.asyncio import create_async_engine
        async def main():
            engine = create_async_engine("sqlite+aiosqlite://")
            try:
                async with engine.connect() as connection:
                    await connection.execute(text("select 1"))
            finally:
                engine.dispose()
        asyncio.run(main())
    """,
    "LKR204 of a stream": """
        import asyncio, httpx
        async def main():
            async with httpx.AsyncClient() as client:
                response = await client.send(client.build_request("GET", URL), stream=True)
                try:
                    return await anext(response.aiter_lines())
                finally:
                    response.aclose()
        asyncio.run(main())
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
    "LKR205 async with of aiohttp": """
        import asyncio, aiohttp
        async def main():
            with aiohttp.ClientSession() as session:
                async with session.get(URL) as response:
                    return await response.text()
        asyncio.run(main())
    """,
    "LKR205 close": """
        import asyncio, httpx
        async def main():
            client = httpx.Client()
            try:
                return client.get(URL).text
            finally:
                await client.aclose()
        asyncio.run(main())
    """,
    "LKR205 a group": """
        import asyncio, httpx
        async def main():
            async with httpx.AsyncClient() as client:
                with asyncio.TaskGroup() as group:
                    group.create_task(client.get(URL))
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
    "LKR206 asyncio.run for a name": """
        import asyncio, aiohttp
        async def main():
            async with aiohttp.ClientSession() as session, session.get(URL) as response:
                return await response.text()
        if __name__ == "__main__":
            loop = asyncio.get_event_loop()
            loop.run_until_complete(main())
            loop.close()
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
    "LKR209 a break": """
        import asyncio, contextlib, aiohttp
        async def pages(session):
            try:
                for path in ("/x", "/y"):
                    async with session.get(URL + path) as response:
                        yield await response.text()
            finally:
                ended.append(True)
        async def main():
            async with aiohttp.ClientSession() as session:
                async for page in pages(session):
                    break
                assert ended
        ended = []
        asyncio.run(main())
    """,
    "LKR210 call": """
        import asyncio, httpx
        async def main():
            async with httpx.AsyncClient() as client:
                return (await client.get(URL)).text
        asyncio.run(main)
    """,
    "LKR210 a method": """
        import asyncio, httpx
        class Site:
            async def fetch(self):
                async with httpx.AsyncClient() as client:
                    return (await client.get(URL)).text
            def text(self):
                return asyncio.run(self.fetch)
        Site().text()
    """,
    "LKR210 one of several": """
        import asyncio, httpx
        async def fetch():
            async with httpx.AsyncClient() as client:
                return (await client.get(URL)).text
        async def main():
            await asyncio.gather(fetch(), fetch)
        asyncio.run(main())
    """,
    "LKR210 awaited": """
        import asyncio, httpx
        async def fetch():
            async with httpx.AsyncClient() as client:
                return (await client.get(URL)).text
        async def main():
            return await fetch
        asyncio.run(main())
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
    "LKR907 get_running_loop": """
        import asyncio, httpx
        async def main():
            loop = asyncio.get_event_loop()
            start = loop.time()
            async with httpx.AsyncClient() as client:
                await client.get(URL)
            return loop.time() - start
        asyncio.run(main())
    """,
    "LKR908 wait_closed": """
        import asyncio
        async def main():
            host, port = URL.removeprefix("http://").split(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            try:
                writer.write(b"POST / HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 20000000\\r\\n\\r\\n")
                writer.write(bytes(20000000))
            finally:
                writer.close()
        asyncio.run(main())
    """,
    "LKR908 wait_closed of a server": """
        import asyncio
        async def main():
            server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
            try:
                reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
                try:
                    assert await reader.read() == b""
                finally:
                    writer.close()
                    await writer.wait_closed()
            finally:
                server.close()
        asyncio.run(main())
    """,
    "LKR909 uvloop.run": """
        import asyncio
        import uvloop
        import httpx
        async def main():
            async with httpx.AsyncClient() as client:
                return (await client.get(URL)).text
        uvloop.install()
        asyncio.run(main())
    """,
}
if importlib.util.find_spec("uvloop") is None:  # it is not made for every system
    del PIECES["LKR909 uvloop.run"]
CODES = {name: name[:6] for name in PIECES}
UNNOTICED = {  # advice on what no Python tells yet
    "LKR907 get_running_loop",
    "LKR908 wait_closed of a server",
    *(["LKR909 uvloop.run"] if sys.version_info < (3, 12) else []),
}


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
    assert troubles[f"{name} before"] or name in UNNOTICED
    assert troubles[f"{name} after"] == []
