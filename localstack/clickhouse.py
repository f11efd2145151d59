"""As much of ClickHouse's HTTP interface as analytics use, around ClickHouse's own engine (chdb): README.md says why.

    clickhouse.py [--lose N]     with --lose, every Nth insert of rows of events is done and its answer lost

The first line that it prints is its URL; the last one, when it is told to end, counts inserts and lost answers.
"""

import argparse
import os
import re
import signal
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from chdb import session

arguments = argparse.ArgumentParser()
arguments.add_argument("--lose", type=int, default=0)
arguments = arguments.parse_args()
login = os.environ["CLICKHOUSE_USER"], os.environ["CLICKHOUSE_PASSWORD"]
lock = threading.Lock()
inserts = lost = 0


def perform(query, parameters):
    """Runs a query in the database and with the settings that its URL names."""
    settings = [f"{name} = '{value}'" for name, value in parameters.items() if name not in ("query", "database")]
    with lock:
        if "database" in parameters:
            engine.query(f"USE `{parameters['database']}`")
        if settings and query.startswith("INSERT"):
            query = query.replace(" FORMAT ", f" SETTINGS {', '.join(settings)} FORMAT ", 1)
        return engine.query(query, "TabSeparated").bytes()


class Interface(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        global inserts, lost
        parameters = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        if (self.headers.get("x-clickhouse-user"), self.headers.get("x-clickhouse-key")) != login:
            return self.answer(403, b"Code: 516. DB::Exception: Authentication failed.")
        query = "\n".join(part for part in (parameters.get("query"), body) if part)
        try:
            told = perform(query, parameters)
        except Exception as error:
            return self.answer(500, str(error).encode())
        if re.match(r"INSERT INTO \w+_raw ", query):
            inserts += 1
            if arguments.lose and inserts % arguments.lose == 0:
                lost += 1
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
        self.answer(200, told)

    def do_GET(self):
        self.answer(200, b"Ok.\n")

    def answer(self, status, body):
        self.send_response(status)
        code = re.match(rb"Code: (\d+)", body)
        if status != 200 and code:
            self.send_header("X-ClickHouse-Exception-Code", code[1].decode())
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


# A session that is closed takes its files away, and one that is killed leaves them behind.
with session.Session() as engine, ThreadingHTTPServer(("127.0.0.1", 0), Interface) as server:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    try:
        server.serve_forever()
    finally:
        lock.acquire()  # Nobody asks the engine any more.
        print(f"{inserts} inserts, {lost} answers lost", flush=True)
