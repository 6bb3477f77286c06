// express-session over connect-redis: who has logged in stays so, until the session is destroyed or ends.
import { deepStrictEqual as expect } from "node:assert";
import { once } from "node:events";
import { RedisStore } from "connect-redis";
import express from "express";
import session from "express-session";
import { createClient } from "redis";

const client = createClient({ url: `redis://127.0.0.1:${process.argv[2]}`, database: 5 });
await client.connect();
await client.flushDb();
const store = new RedisStore({ client, prefix: "sess:", ttl: 60 });

const app = express();
app.use(session({ store, secret: "s", resave: false, saveUninitialized: false, cookie: { maxAge: 60_000 } }));
app.get("/login/:name", (request, response) => {
  request.session.name = request.params.name;
  request.session.views = 0;
  response.send("in");
});
app.get("/me", (request, response) => {
  if (!request.session.name) return response.send("nobody");
  request.session.views += 1;
  response.send(`${request.session.name} ${request.session.views}`);
});
app.get("/logout", (request, response) => request.session.destroy(() => response.send("out")));
const server = app.listen(0, "127.0.0.1");
await once(server, "listening");

async function visit(path, cookie) {
  const headers = { connection: "close", ...(cookie ? { cookie } : {}) };
  const response = await fetch(`http://127.0.0.1:${server.address().port}${path}`, { headers });
  return [await response.text(), response.headers.get("set-cookie")?.split(";")[0]];
}

const cookies = [];
for (const name of ["ann", "bob", "carl"]) cookies.push((await visit(`/login/${name}`))[1]);
expect((await visit("/me"))[0], "nobody");
for (let view = 1; view <= 5; view++) expect((await visit("/me", cookies[1]))[0], `bob ${view}`);
expect(await store.length(), 3);
expect((await store.ids()).length, 3);
const ttl = await client.ttl(`sess:${(await store.ids())[0]}`);
expect(ttl > 50 && ttl <= 60, true);
expect((await visit("/logout", cookies[0]))[0], "out");
expect((await visit("/me", cookies[0]))[0], "nobody");
expect((await store.all()).map((one) => one.name).sort(), ["bob", "carl"]);
await store.clear();
expect(await store.length(), 0);
server.close();
await client.close();
