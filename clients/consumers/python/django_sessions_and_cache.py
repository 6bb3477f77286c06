"""Django's sessions and cache over django-redis."""

import sys
import threading

import django
from django.conf import settings

PORT = int(sys.argv[1])
settings.configure(
    SECRET_KEY="s",
    SESSION_ENGINE="django.contrib.sessions.backends.cache",
    SESSION_CACHE_ALIAS="default",
    INSTALLED_APPS=["django.contrib.sessions"],
    CACHES={
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": f"redis://127.0.0.1:{PORT}/7",
            "OPTIONS": {"CLIENT_CLASS": "django_redis.client.DefaultClient"},
        }
    },
)
django.setup()

from django.contrib.sessions.backends.cache import SessionStore  # noqa: E402
from django.core.cache import cache  # noqa: E402


def expect(actual, expected):
    if actual != expected:
        raise AssertionError(f"expected {expected!r}, got {actual!r}")


cache.clear()
session = SessionStore()
session["name"] = "ann"
session.set_expiry(60)
session.save()
again = SessionStore(session_key=session.session_key)
expect(again["name"], "ann")
expect(50 < cache.ttl(again.cache_key) <= 60, True)
again.cycle_key()
expect(SessionStore(session_key=session.session_key).get("name"), None)
expect(SessionStore(session_key=again.session_key).get("name"), "ann")
again.delete()
expect(SessionStore().exists(again.session_key), False)

expect(cache.add("page", 1, timeout=30), True)
expect(cache.add("page", 2, timeout=30), False)


def visit():
    for _ in range(50):
        cache.incr("page")


visitors = [threading.Thread(target=visit) for _ in range(4)]
[visitor.start() for visitor in visitors]
[visitor.join() for visitor in visitors]
expect(cache.get("page"), 201)
expect(cache.decr("page", 1), 200)
expect(0 < cache.ttl("page") <= 30, True)
cache.set_many({f"user:{n}": {"n": n} for n in range(20)}, timeout=None)
expect(cache.get_many(["user:3", "user:4", "nobody"]), {"user:3": {"n": 3}, "user:4": {"n": 4}})
expect(len(list(cache.iter_keys("user:*"))), 20)
expect(cache.delete_pattern("user:*"), 20)
expect(cache.persist("page"), True)
expect(cache.ttl("page"), None)
expect(cache.touch("page", 10), True)
with cache.lock("lock", timeout=10):
    expect(cache.lock("lock").acquire(blocking=False), False)
expect(cache.lock("lock", timeout=1).acquire(blocking=False), True)
expect(cache.sadd("online", "ann", "bob"), 2)
expect(cache.scard("online"), 2)
expect(cache.hset("hash", "field", 5), 1)
expect(cache.hlen("hash"), 1)
expect(cache.get_or_set("new", lambda: 7), 7)
cache.clear()
expect(cache.get("page"), None)
