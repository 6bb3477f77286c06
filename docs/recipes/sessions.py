"""A key a user, that ends by itself, and an index of them: SETEX, and SCAN to count."""


def arrive(r, user):
    r.setex(f"session:{user}", 30, "here")


def leave(r, user):
    r.delete(f"session:{user}")


def online(r):  # goes through all keys: for few users, or in a database of their own by DBSIZE
    return sum(1 for _ in r.scan_iter("session:*", count=1000))
