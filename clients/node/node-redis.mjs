// Counts visits and sessions with node-redis, in both protocols; any surprise is an exception.
import { deepStrictEqual as expect, rejects } from "node:assert";
import { createClient } from "redis";

const port = Number(process.argv[2]);

for (const RESP of [2, 3]) {
  const client = createClient({ socket: { port }, RESP, database: 5, name: "counter" });
  client.on("error", (error) => { throw error; });
  await client.connect();
  await client.flushAll();
  expect(await client.clientGetName(), "counter");

  const counts = await Promise.all(Array.from({ length: 1_000 }, () => client.incr("visits")));
  expect(counts.at(-1), 1_000);
  expect(await client.get("visits"), "1000");
  expect(Number(await client.incrByFloat("price", 1.5)), 1.5);

  expect(await client.set("quota", "1", { EX: 60, NX: true }), "OK");
  expect(await client.set("quota", "1", { EX: 60, NX: true }), null);
  const ttl = await client.ttl("quota");
  expect(ttl > 50 && ttl <= 60, true);
  await rejects(client.sAdd("quota", "x"), /WRONGTYPE/);
  await rejects(client.sendCommand(["NOSUCH", "a"]), /unknown command/);

  expect(await client.sAdd("online", ["ann", "bob", "carl"]), 3);
  expect((await client.sMembers("online")).sort(), ["ann", "bob", "carl"]);
  expect((await client.smIsMember("online", ["ann", "nobody"])).map(Number), [1, 0]);
  expect(await client.sCard("online"), 3);
  expect((await client.sUnion(["online", "none"])).length, 3);

  const [stored, value, removed] = await client.multi().set("page", "1").get("page").del("page").execAsPipeline();
  expect([stored, value, removed], ["OK", "1", 1]);

  await client.mSet(Object.fromEntries(Array.from({ length: 500 }, (_, page) => [`page:${page}`, `${page}`])));
  const seen = new Set();
  for await (const keys of client.scanIterator({ MATCH: "page:*", COUNT: 50 })) [keys].flat().forEach((key) => seen.add(key));
  expect(seen.size, 500);
  const members = new Set();
  for await (const some of client.sScanIterator("online")) [some].flat().forEach((member) => members.add(member));
  expect(members.size, 3);

  const [known] = await client.sendCommand(["COMMAND", "INFO", "SADDEX"]);
  if (known) {
    expect(await client.sendCommand(["SADDEX", "live", "30", "ann", "bob"]), 2);
    expect(await client.sendCommand(["EXPIREMEMBER", "live", "bob", "0"]), 1);
    expect(await client.sMembers("live"), ["ann"]);
  }
  await client.flushDb();
  await client.close();
  console.log(`  node-redis, RESP${RESP}: passed`);
}
