// socket.io's redis adapter: two servers are one to their clients.
import { deepStrictEqual as expect } from "node:assert";
import { once } from "node:events";
import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-adapter";
import { createClient } from "redis";
import { Server } from "socket.io";
import { io } from "socket.io-client";

const url = `redis://127.0.0.1:${process.argv[2]}`;

async function startServer() {
  const publisher = createClient({ url });
  const subscriber = publisher.duplicate();
  await Promise.all([publisher.connect(), subscriber.connect()]);
  const http = createServer();
  const server = new Server(http, { adapter: createAdapter(publisher, subscriber, { requestsTimeout: 5_000 }) });
  server.on("connection", (socket) => {
    socket.on("join", (room, done) => { socket.join(room); done(); });
    socket.on("say", (room, text) => server.to(room).emit("said", text));
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  return { server, publisher, subscriber, port: http.address().port };
}

const servers = [await startServer(), await startServer()];
const clients = servers.map(({ port }) => io(`http://127.0.0.1:${port}`, { transports: ["websocket"], reconnection: false }));
await Promise.all(clients.map((client) => once(client, "connect")));
for (const client of clients) await new Promise((done) => client.emit("join", "lobby", done));

// Subscriptions may need a moment to reach the other server.
const heard = clients.map((client) => new Promise((done) => client.once("said", done)));
clients[0].emit("say", "lobby", "hello");
expect(await Promise.all(heard), ["hello", "hello"]);

expect((await servers[0].server.fetchSockets()).length, 2);
expect((await servers[1].server.in("lobby").fetchSockets()).length, 2);
const asked = new Promise((done) => servers[1].server.once("ping", (number, answer) => { answer(number + 1); done(); }));
const answers = await new Promise((done, fail) => servers[0].server.serverSideEmit("ping", 41, (error, all) => (error ? fail(error) : done(all))));
await asked;
expect(answers, [42]);
servers[0].server.in("lobby").disconnectSockets();
await Promise.all(clients.map((client) => client.disconnected || once(client, "disconnect")));

for (const { server, publisher, subscriber } of servers) {
  await server.close();
  await Promise.all([publisher.close(), subscriber.close()]);
}
