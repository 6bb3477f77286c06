// Counts visits and sessions with ioredis; any surprise is an exception.
import { deepStrictEqual as expect, rejects } from "node:assert";
import Redis from "ioredis";

const port = Number(process.argv[2]);
const redis = new Redis(port, "127.0.0.1", { db: 4, connectionName: "counter", maxRetriesPerRequest: 1 });
redis.on("error", (error) => { throw error; });

await redis.flushall();
expect(await redis.client("GETNAME"), "counter");

// ioredis sends what is called in one turn of its loop without waiting for each reply.
const counts = await Promise.all(Array.from({ length: 1_000 }, () => redis.incr("visits")));
expect(counts.at(-1), 1_000);
expect(await redis.get("visits"), "1000");

expect(await redis.set("quota", 1, "EX", 60, "NX"), "OK");
expect(await redis.set("quota", 1, "EX", 60, "NX"), null);
const ttl = await redis.ttl("quota");
expect(ttl > 50 && ttl <= 60, true);
expect(await redis.getex("quota", "PERSIST"), "1");
await rejects(redis.sadd("quota", "x"), /WRONGTYPE/);
await rejects(redis.call("NOSUCH", "a"), /unknown command/);

expect(await redis.sadd("online", "ann", "bob", "carl"), 3);
expect(await redis.smismember("online", "ann", "nobody"), [1, 0]);
expect((await redis.smembers("online")).sort(), ["ann", "bob", "carl"]);
expect(await redis.sinterstore("both", "online", "online"), 3);
expect((await redis.spop("online", 2)).length, 2);
expect(await redis.scard("online"), 1);

const pipeline = redis.pipeline();
for (let page = 0; page < 500; page++) pipeline.set(`page:${page}`, page);
pipeline.mget("page:1", "none").incr("online");
const replies = await pipeline.exec();
expect(replies.slice(0, 500).every(([error, reply]) => error === null && reply === "OK"), true);
expect(replies[500], [null, ["1", null]]);
expect(/WRONGTYPE/.test(replies[501][0].message), true);

const seen = new Set();
for await (const keys of redis.scanStream({ match: "page:*", count: 50 })) keys.forEach((key) => seen.add(key));
expect(seen.size, 500);
const members = new Set();
for await (const some of redis.sscanStream("both")) some.forEach((member) => members.add(member));
expect(members.size, 3);

expect(await redis.getBuffer("visits"), Buffer.from("1000"));
const [known] = await redis.command("INFO", "SADDEX");
if (known) {
  expect(await redis.call("SADDEX", "live", 30, "ann", "bob"), 2);
  expect(await redis.call("EXPIREMEMBER", "live", "bob", 0), 1);
  expect(await redis.smembers("live"), ["ann"]);
}
await redis.flushdb();
expect(await redis.quit(), "OK");
console.log("  ioredis: passed");
