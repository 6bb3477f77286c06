"""A sorted set of when each was last seen, swept before it is counted."""

import time


def arrive(r, user):
    r.zadd("seen", {user: time.time()})


def leave(r, user):
    r.zrem("seen", user)


def online(r):
    r.zremrangebyscore("seen", "-inf", time.time() - 30)
    return r.zcard("seen")
