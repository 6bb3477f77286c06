"""Celery with the server as its broker and as the store of its results: chains, groups and a chord."""

import sys

from celery import Celery, chain, chord, group
from celery.contrib.testing.worker import start_worker

PORT = sys.argv[1]
app = Celery("shop", broker=f"redis://127.0.0.1:{PORT}/10", backend=f"redis://127.0.0.1:{PORT}/11")
app.conf.update(result_expires=600, task_default_queue="shop", worker_hijack_root_logger=False)


@app.task
def add(left, right):
    return left + right


@app.task
def total(numbers):
    return sum(numbers)


@app.task
def fail():
    raise ValueError("as it should")


def expect(actual, expected):
    if actual != expected:
        raise AssertionError(f"expected {expected!r}, got {actual!r}")


app.backend.client.flushdb()
with start_worker(app, perform_ping_check=False, pool="threads", concurrency=2, loglevel="ERROR"):
    expect(add.delay(2, 3).get(timeout=30), 5)
    expect(chain(add.s(1, 2), add.s(10), add.s(100)).delay().get(timeout=30), 113)
    expect(group(add.s(n, n) for n in range(20)).delay().get(timeout=30), [2 * n for n in range(20)])
    expect(chord((add.s(n, 1) for n in range(10)), total.s()).delay().get(timeout=30), 55)
    failed = fail.delay()
    expect(type(failed.get(timeout=30, propagate=False)), ValueError)
    expect(failed.state, "FAILURE")
    kept = add.delay(1, 1)
    kept.get(timeout=30)
    ttl = app.backend.client.ttl(app.backend.get_key_for_task(kept.id))
    expect(500 < ttl <= 600, True)
    kept.forget()
    expect(app.backend.client.exists(app.backend.get_key_for_task(kept.id)), 0)
