"""What libraries ask of more than one fact: arguments that decide, what takes over, what ends with its maker.

A text is the body of a function; a line that leaks is marked `# LKR101`. The modules that it names are imported.
"""

import re
import textwrap
from collections.abc import Callable

import pytest

from leaklint.catalogue.library import modules

Marks = Callable[[str], list[tuple[int, str]]]

LEAKS = {
    "PIL": "return PIL.Image.open(path).size  # LKR104",
    "PIL of an open file": "return PIL.Image.open(open(path, 'rb')).size  # LKR104",
    "ZODB": "c = ZODB.DB(ZODB.FileStorage.FileStorage.FileStorage(path)).open()  # LKR101 LKR104",
    "ZODB over a storage of somebody else": "db = ZODB.DB(path)  # LKR101\nprint(db.open().root())  # LKR104",
    "aiofiles": "f = await aiofiles.open(path)  # LKR101\nreturn await f.read()",
    "aiohttp, whose answer is left unread": (
        "async with aiohttp.ClientSession() as s:\n    r = await s.get(path)  # LKR101\n    r.raise_for_status()"
    ),
    "aiohttp, whose answer is read on one path": (
        "async with aiohttp.ClientSession() as s:\n"
        "    r = await s.get(path)  # LKR102\n    if r.ok:\n        return await r.json()"
    ),
    "aiokafka": "producer = aiokafka.AIOKafkaProducer()  # LKR101\nawait producer.start()\nawait producer.send('t', b'')",
    "aiomysql": "async with aiomysql.create_pool() as pool:\n    c = await pool.acquire()  # LKR101\n    await c.cursor()",
    "anthropic": "s = anthropic.Anthropic().messages.create(stream=True)  # LKR104",
    "asyncpg": "c = await asyncpg.connect(path)  # LKR101\nreturn await c.fetch('')",
    "can": "bus = can.Bus(path)  # LKR101\nbus.send(1)",
    "cassandra": "cluster = cassandra.cluster.Cluster()  # LKR101\ncluster.connect().execute('')",
    "cv2": "capture = cv2.VideoCapture(path)  # LKR101\nreturn capture.read()",
    "django": "model.image.save('name', django.core.files.File(open(path, 'rb')))  # LKR104",
    "docker": "return docker.from_env().images.list()  # LKR104",
    "dulwich": "return dulwich.repo.Repo(path).head()  # LKR104",
    "duckdb": "return duckdb.connect(path).execute('').fetchall()  # LKR104",
    "elasticsearch": "es = elasticsearch.Elasticsearch()  # LKR101\nreturn es.search()",
    "fsspec": "return fsspec.open(path).open().read()  # LKR104",
    "grpc": "channel = grpc.insecure_channel(path)  # LKR101\nreturn channel.unary_unary('')(1)",
    "h5py": "return h5py.File(path)['x'][:]  # LKR104",
    "httplib2": "http = httplib2.Http()  # LKR101\nreturn http.request(path)",
    "ibm_watsonx_ai": "c = httpx.Client()  # LKR101\nreturn ibm_watsonx_ai.APIClient(path, httpx_client=c).version",
    "kafka": "producer = kafka.KafkaProducer()  # LKR101\nproducer.send('t', b'')",
    "langgraph": "s = langgraph.checkpoint.sqlite.SqliteSaver(sqlite3.connect(path))  # LKR104\nreturn s.get({})",
    "ldap3": "c = ldap3.Connection(path)  # LKR101\nc.bind()\nc.search('')",
    "lmdb": "env = lmdb.open(path)  # LKR101\nwith env.begin() as txn:\n    return txn.get(b'')",
    "mysql": "c = mysql.connector.connect()  # LKR101\nc.cursor().execute('')",
    "nats": "nc = await nats.connect()  # LKR101\nawait nc.publish('', b'')",
    "neo4j": "with neo4j.GraphDatabase.driver(path) as driver:\n    s = driver.session()  # LKR101\n    s.run('')",
    "netCDF4": "return netCDF4.Dataset(path)['x'][:]  # LKR104",
    "openpyxl": "book = openpyxl.load_workbook(path, read_only=True)  # LKR101\nreturn book.sheetnames",
    "pandas": "r = pandas.read_csv(path, chunksize=10)  # LKR101\nreturn r.get_chunk()",
    "paramiko": "c = paramiko.SSHClient()  # LKR101\nc.connect(path)\nc.exec_command('')",
    "pexpect": "child = pexpect.spawn(path)  # LKR101\nchild.expect('')",
    "playwright": "p = playwright.sync_api.sync_playwright().start()  # LKR101\np.chromium.launch()",
    "pymongo": "return pymongo.MongoClient()['a']['b'].find_one()  # LKR104",
    "pymupdf": "return pymupdf.open(path)[0].get_text()  # LKR104",
    "pymysql": "c = pymysql.connect()  # LKR101\nc.cursor().execute('')",
    "pyodbc": "with pyodbc.connect(path) as c:  # LKR107\n    c.execute('')",
    "rasterio": "return rasterio.open(path).read(1)  # LKR104",
    "selenium": "driver = selenium.webdriver.Chrome()  # LKR101\ndriver.get(path)\ndriver.close()",
    "serial": "port = serial.Serial(path)  # LKR101\nreturn port.read(1)",
    "serial opened later": "port = serial.Serial()  # LKR101\nport.port = path\nport.open()\nreturn port.read(1)",
    "soundfile": "return soundfile.SoundFile(path).read()  # LKR104",
    "tornado": "sock, port = tornado.testing.bind_unused_port()  # LKR101\nreturn port",
    "tornado's sockets": "socks = tornado.netutil.bind_sockets(0)  # LKR101\nprint(socks[0].getsockname())",
    "tornado's server": "server = tornado.httpserver.HTTPServer(path)  # LKR101\nserver.listen(80)\nprint('listens')",
    "tornado's websocket": "ws = await tornado.websocket.websocket_connect(path)  # LKR101\nawait ws.read_message()",
    "websocket": "ws = websocket.create_connection(path)  # LKR101\nws.send('')",
    "xlsxwriter": "book = xlsxwriter.Workbook(path)  # LKR101\nbook.add_worksheet()",
    "zmq": "s = zmq.Context().socket(zmq.REQ)  # LKR101\ns.send(b'')",
}

CLEAN = {
    "aiohttp, whose answer is let go by who raises": (
        "async with aiohttp.ClientSession() as s:\n"
        "    r = await s.get(path)\n    r.raise_for_status()\n    return await r.json()"
    ),
    "aiohttp, whose stream is read": (
        "async with aiohttp.ClientSession() as s:\n    r = await s.get(path)\n    return await r.content.read()"
    ),
    "aiohttp, whose answer is read and returned": (
        "async with aiohttp.ClientSession() as s:\n    r = await s.get(path)\n    print(await r.json())\n    return r"
    ),
    "PIL": "return PIL.Image.open(path).convert('RGB')",
    "PIL in memory": "import io\nreturn PIL.Image.open(io.BytesIO(path)).size",
    "PIL of an open file": "with open(path, 'rb') as f:\n    image = PIL.Image.open(f)\n    image.load()\nreturn image",
    "ZODB": "import contextlib\nwith contextlib.closing(ZODB.DB(path)) as db:\n    c = db.open()\n    print(c.root())",
    "ZODB in memory": "print(ZODB.DB(None))",
    "ZODB over a storage of somebody else": "print(ZODB.DB(path))",
    "aiofiles": "async with aiofiles.open(path) as f:\n    return await f.read()",
    "aiokafka": "producer = aiokafka.AIOKafkaProducer()\nprint(producer)",
    "asyncpg": "async with asyncpg.create_pool(path) as pool, pool.acquire() as c:\n    return await c.fetch('')",
    "boto3": "return boto3.client('s3').list_buckets()",
    "cohere": "return cohere.Client().chat()",
    "confluent_kafka": "producer = confluent_kafka.Producer({})\nproducer.flush()",
    "cv2": "capture = cv2.VideoCapture(path)\ntry:\n    return capture.read()\nfinally:\n    capture.release()",
    "django": "return django.http.FileResponse(open(path, 'rb'))",
    "elasticsearch": "es = elasticsearch.Elasticsearch()\nprint(es)",
    "eventlet": "import eventlet.wsgi\neventlet.wsgi.server(eventlet.listen(('', 80)), model)",
    "fitz": "return fitz.open(stream=path, filetype='pdf')[0].get_text()",
    "flask": "return flask.Flask('x').test_client().get('/')",
    "fsspec": "with fsspec.open(path) as file:\n    return file.read()",
    "git": "return git.Repo(path).head",
    "grpc": "server = grpc.server(path)\nserver.start()\nserver.wait_for_termination()",
    "h5py": "return h5py.File(path)['group']['x']",
    "joblib": "return joblib.Parallel(2)([])",
    "kubernetes_asyncio": "async with kubernetes_asyncio.watch.Watch().stream(model.pods) as events:\n    print(events)",
    "ldap3": "c = ldap3.Connection(path)\nprint(c)",
    "litellm": "return litellm.Router([])",
    "loky": "return loky.get_reusable_executor().submit(path)",
    "magic": "return magic.Magic().from_file(path)",
    "mistralai": "return mistralai.client.Mistral()",
    "nats": "nc = nats.NATS()\nprint(nc)",
    "openpyxl": "return openpyxl.load_workbook(path).sheetnames",
    "pandas": "for chunk in pandas.read_csv(path, chunksize=10):\n    print(chunk)",
    "pandas at once": "return pandas.read_csv(path)",
    "paramiko": "with paramiko.SSHClient() as c:\n    c.connect(path)\n    c.open_sftp().put('', '')",
    "peewee": "database = peewee.SqliteDatabase(path)\nprint(database)",
    "playwright": "with playwright.sync_api.sync_playwright() as p:\n    p.chromium.launch()",
    "psutil": "return psutil.Process(1).name()",
    "pyarrow": "return pyarrow.parquet.ParquetFile(path).read()",
    "pygit2": "return pygit2.Repository(path).head",
    "pymongo": "return pymongo.MongoClient().a['b']",
    "pypdf": "return len(pypdf.PdfReader(path).pages)",
    "qdrant_client": "return qdrant_client.QdrantClient(':memory:')",
    "serial": "port = serial.Serial()\nprint(port)",
    "telegram": "return telegram.Bot(path)",
    "tinydb": "return tinydb.TinyDB(storage=tinydb.storages.MemoryStorage).all()",
    "tornado": "tornado.httpserver.HTTPServer(path).listen(80)\ntornado.ioloop.IOLoop.current().start()",
    "tornado's main": "import asyncio\ntornado.httpserver.HTTPServer(path).listen(80)\nawait asyncio.Event().wait()",
    "tornado's shared client": "return await tornado.httpclient.AsyncHTTPClient().fetch(path)",
    "tornado's sockets": "socks = tornado.netutil.bind_sockets(0)\nmodel.server.add_sockets(socks)",
    "tornado's stream": "stream = tornado.iostream.IOStream(path)\nreturn await stream.read_bytes(1)",
    "twisted": "twisted.internet.reactor.run()",
    "uvicorn": "sock = model.made()\nuvicorn.run(path)",
    "watchdog": "observer = watchdog.observers.Observer()\nobserver.start()",
    "websocket of a class of one's own": "ws = websocket.create_connection(path, class_=Recorder)\nprint(ws)",
    "xarray": "return xarray.open_dataset(path).sel(x=1)",
    "zmq": "with zmq.Context() as context:\n    context.socket(zmq.REQ).send(b'')",
    "zmq's shared context": "return zmq.Context.instance()",
}


def module_of(body: str) -> str:
    """Write a module of one function, which imports what its body names, on the first line."""
    named = sorted(name for name in modules() if re.search(rf"\b{name}\.", body) and name != "builtins")
    head = "async def" if "await " in body or "async " in body else "def"
    return f"import {', '.join(named) or 'os'}\n{head} use(path, model):\n{textwrap.indent(body, '    ')}\n"


def marked(text: str) -> list[tuple[int, str]]:
    lines = enumerate(text.split("\n"), 1)
    return [(number, code) for number, line in lines for code in re.findall(r"LKR\d{3}", line)]


@pytest.mark.parametrize("title", LEAKS)
def test_what_leaks_is_found(title: str, marks: Marks) -> None:
    text = module_of(LEAKS[title])
    assert sorted(marks(text)) == marked(text), text


@pytest.mark.parametrize("title", CLEAN)
def test_what_does_not_is_silent(title: str, marks: Marks) -> None:
    text = module_of(CLEAN[title])
    assert marks(text) == [], text
