"""Counts on three nodes with redis-py's RedisCluster while one of them is killed; every count is exact."""

import pathlib
import socket
import subprocess
import sys
import tempfile
import time

import redis
from redis.cluster import RedisCluster

PROGRAM = pathlib.Path(sys.argv[1]).resolve()
PAGES, ROUNDS, KILLED_IN, BACK_IN = 90, 6, 2, 4
PATIENCE_S = 20


def expect(actual, expected):
    if actual != expected:
        raise AssertionError(f"expected {expected!r}, got {actual!r}")


def eventually(what, is_true):
    end = time.monotonic() + PATIENCE_S
    while not is_true():
        if time.monotonic() > end:
            raise AssertionError(f"it never came true that {what}")
        time.sleep(0.02)


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Node:
    def __init__(self, number, port, cluster_ports, folder):
        self.port = port
        own = cluster_ports[number]
        peers = [f"127.0.0.1:{peer}" for peer in cluster_ports if peer != own]
        self.command = [PROGRAM, "--port", str(port), "--cluster-port", str(own), "--cluster-peer", *peers]
        self.command += ["--dir", f"{folder}/{number}", "--appendfsync", "always"]
        self.command += ["--cluster-node-timeout", "1000", "--logfile", f"{folder}/{number}.log"]
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command)

    def kill(self):
        """SIGKILL, between two requests of the only client: so none is in doubt."""
        self.process.kill()
        self.process.wait()

    def client(self, **options):
        return redis.Redis(port=self.port, decode_responses=True, **options)

    def shows(self, nodes):
        """Whether it shows the slots as divided among so many."""
        try:
            return len(self.client().execute_command("CLUSTER SLOTS")) == nodes
        except redis.RedisError:
            return False


def persist(call, *args):
    """Again until it is answered: a node that was killed is shown until the others miss it."""
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            return call(*args)
        except (redis.ConnectionError, redis.exceptions.RedisClusterException):
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


def count(nodes, protocol):
    options = {"host": "127.0.0.1", "port": nodes[0].port, "protocol": protocol, "decode_responses": True}
    cluster = persist(lambda: RedisCluster(**options))
    expect(len(cluster.get_primaries()), 3)
    before = [calls(node) for node in nodes]
    for turn in range(ROUNDS):
        if turn == KILLED_IN:
            nodes[2].kill()
        if turn == BACK_IN:
            eventually("the others miss it", lambda: all(node.shows(2) for node in nodes[:2]))
            nodes[2].start()
            eventually("all hear each other again", lambda: all(node.shows(3) for node in nodes))
        for page in range(PAGES):
            persist(cluster.incr, f"page:{protocol}:{page}")
            persist(cluster.sadd, f"visitors:{protocol}:{page % 7}", turn * PAGES + page)
        if turn < KILLED_IN:
            spread = [calls(node) - was for node, was in zip(nodes, before)]
            expect([part >= PAGES // 6 for part in spread], [True] * 3)
    expect(sorted(cluster.mget_nonatomic([f"page:{protocol}:{page}" for page in range(3)])), [str(ROUNDS)] * 3)
    cluster.close()
    for node in nodes:
        expected = (PAGES * [str(ROUNDS)], PAGES * ROUNDS)
        eventually("every node has every count", lambda: totals(node, protocol) == expected)


def calls(node):
    """How often it was counted there: `incr` sends INCRBY."""
    return node.client().info("commandstats").get("cmdstat_incrby", {}).get("calls", 0)


def totals(node, protocol):
    """By a client that knows nothing of slots, many keys at once."""
    client = node.client()
    pages = client.mget([f"page:{protocol}:{page}" for page in range(PAGES)])
    return pages, sum(client.scard(f"visitors:{protocol}:{number}") for number in range(7))


def other_clients(nodes):
    """Those that are of no cluster work on the same nodes."""
    client = nodes[0].client(db=3)
    client.mset({"a": 1, "b": 2, "c": 3})
    expect(client.mget("a", "b", "c"), ["1", "2", "3"])
    eventually("it is in database 3 elsewhere", lambda: nodes[1].client(db=3).get("b") == "2")
    expect(nodes[1].client().get("b"), None)
    expect(nodes[0].client().info("server")["redis_mode"], "standalone")


with tempfile.TemporaryDirectory() as folder:
    ports = free_ports(6)
    nodes = [Node(number, ports[number], ports[3:], folder) for number in range(3)]
    try:
        eventually("they hear each other", lambda: all(node.shows(3) for node in nodes))
        for protocol in (2, 3):
            count(nodes, protocol)
            print(f"  RedisCluster, RESP{protocol}: passed")
        other_clients(nodes)
    finally:
        for node in nodes:
            node.kill()
