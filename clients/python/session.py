"""Counts visits and sessions with redis-py, in both protocols; any surprise is an exception."""

import asyncio
import sys
import threading

import redis
import redis.asyncio

PORT = int(sys.argv[1])
THREADS, VISITS = 4, 250


def connect(protocol, db=0, **options):
    return redis.Redis(port=PORT, db=db, protocol=protocol, decode_responses=True, **options)


def expect(actual, expected):
    if actual != expected:
        raise AssertionError(f"expected {expected!r}, got {actual!r}")


def refused(error, call, *args, **options):
    try:
        reply = call(*args, **options)
    except redis.ResponseError as refusal:
        expect(error in str(refusal), True)
    else:
        raise AssertionError(f"not refused: {reply!r}")


def handshake(client):
    info = client.info()
    expect(info["arch_bits"], 64)
    expect(info["cluster_enabled"], 0)
    expect(info.get("loading", 0), 0)
    expect(int(info["redis_version"].split(".")[0]) >= 7, True)
    expect(client.client_getname(), "counter")
    expect(client.config_get("databases"), {"databases": "16"})
    expect(client.client_info()["db"], 2)
    expect("get" in client.command(), True)


def count_visits(client):
    def visit():
        for _ in range(VISITS):
            client.incr("visits")

    threads = [threading.Thread(target=visit) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expect(client.get("visits"), str(THREADS * VISITS))
    expect(client.decr("visits", 10), THREADS * VISITS - 10)
    expect(client.incrbyfloat("price", 1.5), 1.5)
    client.set("text", "hello")
    refused("not an integer", client.incr, "text")
    client.set("full", 2**63 - 1)
    refused("would overflow", client.incr, "full")


def keep_quotas(client):
    expect(client.set("quota:1", 0, ex=60, nx=True), True)
    expect(client.set("quota:1", 0, ex=60, nx=True), None)
    expect(client.set("quota:1", 5, keepttl=True, get=True), "0")
    expect(50 < client.ttl("quota:1") <= 60, True)
    expect(client.expire("quota:1", 10, gt=True), 0)
    expect(client.persist("quota:1"), True)
    expect(client.getex("quota:1", px=60_000), "5")
    expect(client.pttl("quota:1") > 50_000, True)
    expect(client.getdel("quota:1"), "5")
    expect(client.exists("quota:1"), 0)


def come_and_go(client):
    expect(client.sadd("online", *(f"user:{n}" for n in range(100))), 100)
    expect(client.scard("online"), 100)
    expect(len(set(client.sscan_iter("online", match="user:*", count=7))), 100)
    expect(client.smismember("online", ["user:1", "nobody"]), [1, 0])
    expect(client.smove("online", "away", "user:1"), True)
    expect(client.sinter("online", "away"), set())
    expect(client.sunionstore("all", "online", "away"), 100)
    gone = client.spop("online", 9)
    expect((len(gone), client.scard("online")), (9, 90))
    expect(client.smembers("away"), {"user:1"})
    refused("WRONGTYPE", client.get, "online")


def pipelines_and_scans(client):
    pipeline = client.pipeline(transaction=False)
    for n in range(1_000):
        pipeline.set(f"page:{n}", n)
    pipeline.mget("page:1", "page:999", "none")
    pipeline.get("online")
    replies = pipeline.execute(raise_on_error=False)
    expect(replies[:1_000], [True] * 1_000)
    expect(replies[1_000], ["1", "999", None])
    expect(isinstance(replies[1_001], redis.ResponseError), True)
    expect(len(set(client.scan_iter("page:*", count=50))), 1_000)
    expect(client.mset({"a": 1, "b": 2}), True)
    expect(client.delete(*client.scan_iter("page:*", count=1_000)), 1_000)
    expect(client.flushdb(), True)
    expect(client.dbsize(), 0)


def heartbeats(client):
    if "saddex" not in client.command():
        print("  no SADDEX here")
        return
    expect(client.execute_command("SADDEX", "online", 30, "ann", "bob"), 2)
    expect(client.execute_command("SADDEX", "online", 30, "ann"), 0)
    expect(0 < client.execute_command("FIELDTTL", "online", "ann") <= 30, True)
    expect(client.execute_command("EXPIREMEMBER", "online", "bob", 0), 1)
    expect(client.smembers("online"), {"ann"})


async def asynchronously(protocol):
    options = {"port": PORT, "db": 3, "protocol": protocol, "decode_responses": True}
    pool = redis.asyncio.BlockingConnectionPool(max_connections=20, **options)
    client = redis.asyncio.Redis(connection_pool=pool)
    await asyncio.gather(*(client.incr("visits") for _ in range(200)))
    expect(await client.get("visits"), "200")
    async with client.pipeline(transaction=False) as pipeline:
        expect(await pipeline.incr("visits").delete("visits").execute(), [201, 1])
    await pool.aclose()


for protocol in (2, 3):
    client = connect(protocol, db=2, client_name="counter")
    client.flushall()
    handshake(client)
    count_visits(client)
    keep_quotas(client)
    come_and_go(client)
    pipelines_and_scans(client)
    heartbeats(client)
    client.close()
    asyncio.run(asynchronously(protocol))
    print(f"  redis-py {redis.__version__}, RESP{protocol}: passed")
