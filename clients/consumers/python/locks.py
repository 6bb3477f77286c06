"""redis-py's Lock: one holder at a time, and nobody frees another's."""

import sys
import threading
import time

import redis
from redis.exceptions import LockError, LockNotOwnedError

client = redis.Redis(port=int(sys.argv[1]), db=9)
client.flushdb()


def expect(actual, expected):
    if actual != expected:
        raise AssertionError(f"expected {expected!r}, got {actual!r}")


def refused(error, call):
    try:
        call()
    except error:
        return
    raise AssertionError("not refused")


stock, inside = {"left": 100}, []


def sell():
    for _ in range(10):
        with client.lock("stock", timeout=20, sleep=0.001):
            inside.append(threading.get_ident())
            left = stock["left"]
            time.sleep(0.0005)
            stock["left"] = left - 1
            expect(inside[-1], threading.get_ident())


sellers = [threading.Thread(target=sell) for _ in range(5)]
[seller.start() for seller in sellers]
[seller.join() for seller in sellers]
expect(stock["left"], 50)

lock = client.lock("lock", timeout=10)
expect(lock.acquire(), True)
expect(client.lock("lock").acquire(blocking=False), False)
expect(client.lock("lock", blocking_timeout=0.05).acquire(), False)
expect(lock.extend(20), True)
expect(20_000 < client.pttl("lock") <= 30_000, True)
expect(lock.extend(5, replace_ttl=True), True)
expect(client.pttl("lock") <= 5_000, True)
expect(lock.reacquire(), True)
expect(lock.owned(), True)
client.set("lock", "another")
refused(LockNotOwnedError, lock.release)
refused(LockError, client.lock("free").release)
