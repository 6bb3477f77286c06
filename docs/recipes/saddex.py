"""Members that end by themselves: SADDEX and SCARD. Choose this one."""


def arrive(r, user):  # on login, and every ten seconds as long as the page is open
    r.execute_command("SADDEX", "online", 30, user)


def leave(r, user):
    r.srem("online", user)


def online(r):
    return r.scard("online")
