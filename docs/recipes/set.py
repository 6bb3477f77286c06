"""A set without deadlines: SADD and SREM. Who vanishes without a word stays in."""


def arrive(r, user):
    r.sadd("online", user)


def leave(r, user):
    r.srem("online", user)


def online(r):
    return r.scard("online")
