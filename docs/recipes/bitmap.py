"""A bit a user and day: SETBIT and BITCOUNT, for users that are numbered."""

import datetime


def today():
    return f"active:{datetime.date.today()}"


def arrive(r, user):
    r.setbit(today(), user, 1)


def leave(r, user):  # who was active today was so
    pass


def online(r):
    return r.bitcount(today())
