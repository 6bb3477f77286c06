"""Nodes that know one another, with a network between them that can be cut."""

import pathlib
import socket
import subprocess
import tempfile
import threading
import time

import redis

PATIENCE_S = 30


class Proxy(threading.Thread):
    """Leads to one node's cluster port who may reach it; nodes dial from addresses of their own."""

    def __init__(self, is_open):
        super().__init__(daemon=True)
        self.is_open, self.target, self.pairs = is_open, None, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                dialled, (source, _) = self.listener.accept()
            except OSError:
                return
            try:
                if not self.is_open(source):
                    raise ConnectionError
                pair = (dialled, socket.create_connection(("127.0.0.1", self.target)))
            except OSError:
                dialled.close()
                continue
            self.pairs.append((source, pair))
            for here, there in [pair, pair[::-1]]:
                threading.Thread(target=self.pump, args=(here, there), daemon=True).start()

    @staticmethod
    def pump(here, there):
        try:
            while data := here.recv(65536):
                there.sendall(data)
        except OSError:
            pass
        for end in (here, there):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        for source, pair in self.pairs:
            if not self.is_open(source):
                for end in pair:
                    try:
                        end.shutdown(socket.SHUT_RDWR)
                    except OSError:
                        pass


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Nodes:
    """So many nodes, in folders of their own; they end with the `with` block."""

    def __init__(self, program, count):
        self.program, self.apart = program, set()
        self.processes, self.clients = [], []
        self.folder = tempfile.TemporaryDirectory(prefix="headcount-recipes-")
        self.proxies = [Proxy(lambda source, to=node: self.is_open(source, to)) for node in range(count)]

    def __enter__(self):
        for node, proxy in enumerate(self.proxies):
            self.start(node, proxy)
        if len(self.proxies) > 1:
            self.converge()
        return self.clients

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()
            process.wait()
        for proxy in self.proxies:
            proxy.listener.close()
        self.folder.cleanup()

    def start(self, node, proxy):
        port, proxy.target = free_port(), free_port()
        folder = pathlib.Path(self.folder.name) / str(node)
        folder.mkdir()
        flags = ["--port", port, "--dir", folder, "--enable-debug-command", "yes"]
        if len(self.proxies) > 1:
            flags += ["--cluster-port", proxy.target, "--cluster-announce", proxy.address]
            flags += ["--cluster-peer", self.proxies[0].address, "--bind-source-addr", source(node)]
        log = (folder / "log").open("wb")
        command = [self.program, *map(str, flags)]
        self.processes.append(subprocess.Popen(command, cwd=folder, stdout=log, stderr=log))
        self.clients.append(redis.Redis(port=port, protocol=3))
        eventually("a node answers", self.clients[-1].ping)

    def is_open(self, dialling, to):
        return not any(dialling == source(one) and to == other for one, other in self.apart)

    def cut(self, these, those):
        self.apart = {(a, b) for a in these for b in those} | {(b, a) for a in these for b in those}
        for proxy in self.proxies:
            proxy.cut()

    def heal(self):
        self.apart = set()
        self.converge()

    def converge(self):
        """Until each hears all others, and all hold the same."""
        others = len(self.clients) - 1

        def agree():
            for client in self.clients:
                text = client.execute_command("INFO", "replication")
                text = text.decode() if isinstance(text, bytes) else str(text)
                if text.count("link=up") + text.count("'link': 'up'") < others:
                    return False
            return len({client.execute_command("DEBUG", "DIGEST") for client in self.clients}) == 1

        eventually("the nodes agree", agree)


def source(node):
    return f"127.0.0.{node + 2}"


def eventually(what, is_true):
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        try:
            if is_true():
                return
        except redis.RedisError:
            pass
        time.sleep(0.02)
    raise AssertionError(f"in {PATIENCE_S} s it never came true that {what}")
