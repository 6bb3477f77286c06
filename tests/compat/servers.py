"""A server of either kind, in a folder of its own."""

import pathlib
import socket
import subprocess
import tempfile
import time


class Server:
    """A server of its own for one run of a file."""

    def __init__(self, kind, program):
        self.folder = tempfile.TemporaryDirectory(prefix="headcount-compat-")
        flags = ["--dir", self.folder.name, "--save", "", "--enable-debug-command", "yes"]
        # As the suite configures the servers that it starts itself.
        flags += ["--latency-monitor-threshold", "1", "--repl-diskless-sync-delay", "0"]
        flags += ["--enable-protected-configs", "yes", "--notify-keyspace-events", ""]
        if kind == "headcount":
            # Small sets are listpacks since Redis 7.2; the suite is that of 7.0.
            flags += ["--appendonly", "no", "--set-max-listpack-entries", "0"]
        for _ in range(5):
            self.port = free_port()
            self.process = subprocess.Popen(
                [program, "--port", str(self.port), *flags],
                cwd=self.folder.name,
                stdout=(pathlib.Path(self.folder.name) / "stdout").open("wb"),
                stderr=subprocess.STDOUT,
            )
            if self.answers():
                return
            self.stop()
        raise SystemExit(f"{program} does not start")

    def answers(self):
        for _ in range(200):
            if self.process.poll() is not None:
                return False
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                    connection.sendall(b"PING\r\n")
                    return connection.recv(16).startswith(b"+PONG")
            except OSError:
                time.sleep(0.05)
        return False

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.folder.cleanup()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
