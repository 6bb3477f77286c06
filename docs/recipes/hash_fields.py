"""A hash with what is known of each user, in fields that end by themselves: HSET, HEXPIRE and HLEN."""


def arrive(r, user):
    pipe = r.pipeline()  # a transaction: nobody sees the field without its end
    pipe.hset("online", user, "reading /pricing")
    pipe.execute_command("HEXPIRE", "online", 30, "FIELDS", 1, user)
    pipe.execute()


def leave(r, user):
    r.hdel("online", user)


def online(r):
    return r.hlen("online")
