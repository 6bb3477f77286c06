"""One number: INCR where a connection opens, DECR where it closes."""


def arrive(r, user):
    r.incr("connections")


def leave(r, user):
    r.decr("connections")


def online(r):  # connections, not people; one that breaks without DECR stays
    return int(r.get("connections") or 0)
