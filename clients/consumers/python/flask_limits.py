"""Flask-Limiter, and every strategy of the limits library below it."""

import sys
import threading

from flask import Flask
from flask_limiter import Limiter
from limits import parse
from limits.storage import storage_from_string
from limits.strategies import STRATEGIES

URI = f"redis://127.0.0.1:{sys.argv[1]}/8"


def expect(actual, expected):
    if actual != expected:
        raise AssertionError(f"expected {expected!r}, got {actual!r}")


storage = storage_from_string(URI)
expect(storage.check(), True)
storage.reset()
for name, strategy in STRATEGIES.items():
    limiter, quota, passed = strategy(storage), parse("20 per minute"), []

    def ask():
        passed.extend(limiter.hit(quota, name, "ann") for _ in range(10))

    threads = [threading.Thread(target=ask) for _ in range(5)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    expect((name, sum(passed)), (name, 20))
    expect(limiter.test(quota, name, "ann"), False)
    expect(limiter.get_window_stats(quota, name, "ann").remaining, 0)
    expect(limiter.hit(quota, name, "bob", cost=5), True)
    expect(limiter.get_window_stats(quota, name, "bob").remaining, 15)
    limiter.clear(quota, name, "ann")
    expect(limiter.test(quota, name, "ann"), True)
storage.reset()

app = Flask("shop")
limiter = Limiter(lambda: "ann", app=app, storage_uri=URI, strategy="moving-window", headers_enabled=True)


@app.get("/buy")
@limiter.limit("3 per minute")
def buy():
    return "bought"


client = app.test_client()
replies = [client.get("/buy") for _ in range(5)]
expect([reply.status_code for reply in replies], [200, 200, 200, 429, 429])
expect(replies[1].headers["X-RateLimit-Remaining"], "1")
limiter.reset()
expect(client.get("/buy").status_code, 200)
