// Counts on three nodes with ioredis' Cluster while one of them is killed; every count is exact.
import { deepStrictEqual as expect } from "node:assert";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Redis from "ioredis";

const program = resolve(process.argv[2]);
const [PAGES, ROUNDS, KILLED_IN, BACK_IN, PATIENCE_MS] = [90, 6, 2, 4, 20_000];
const folder = mkdtempSync(join(tmpdir(), "headcount-"));

async function eventually(what, isTrue) {
  const end = Date.now() + PATIENCE_MS;
  while (!(await isTrue())) {
    if (Date.now() > end) throw new Error(`it never came true that ${what}`);
    await sleep(20);
  }
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

class Node {
  constructor(number, port, clusterPorts) {
    this.port = port;
    const peers = clusterPorts.filter((_, other) => other !== number).map((peer) => `127.0.0.1:${peer}`);
    this.flags = ["--port", port, "--cluster-port", clusterPorts[number], "--cluster-peer", ...peers]
      .concat(["--dir", join(folder, `${number}`), "--appendfsync", "always"])
      .concat(["--cluster-node-timeout", 1000, "--logfile", join(folder, `${number}.log`)]).map(String);
    this.start();
  }

  start() {
    this.process = spawn(program, this.flags, { stdio: "ignore" });
    this.ended = once(this.process, "exit");
  }

  // SIGKILL, between two requests of the only client: so none is in doubt.
  async kill() {
    this.process.kill("SIGKILL");
    await this.ended;
  }

  async ask(...words) {
    const client = new Redis(this.port, "127.0.0.1", { lazyConnect: true, retryStrategy: null });
    client.on("error", () => {});
    try {
      await client.connect();
      return await client.call(...words);
    } catch {
      return [];
    } finally {
      client.disconnect();
    }
  }

  // Whether it shows the slots as divided among so many, each with a port.
  async shows(nodes) {
    const ranges = await this.ask("CLUSTER", "SLOTS");
    return ranges.length === nodes && ranges.every(([, , [, port]]) => port > 0);
  }

  async calls() {
    return Number(/cmdstat_incr:calls=(\d+)/.exec(await this.ask("INFO", "commandstats"))?.[1] ?? 0);
  }
}

// Again until it is answered: a node that was killed is shown until the others miss it.
async function persist(call) {
  for (const end = Date.now() + PATIENCE_MS; ; await sleep(20)) {
    try {
      return await call();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}

async function count(nodes) {
  const cluster = new Redis.Cluster([{ host: "127.0.0.1", port: nodes[0].port }]);
  cluster.on("error", () => {});
  await eventually("it knows three nodes", () => cluster.nodes("master").length === 3);
  for (let turn = 0; turn < ROUNDS; turn++) {
    if (turn === KILLED_IN) {
      expect((await Promise.all(nodes.map((node) => node.calls()))).every((calls) => calls >= PAGES / 6), true);
      await nodes[2].kill();
    }
    if (turn === BACK_IN) {
      await eventually("the others miss it", async () => (await nodes[0].shows(2)) && (await nodes[1].shows(2)));
      nodes[2].start();
      await eventually("all hear each other", async () => (await Promise.all(nodes.map((node) => node.shows(3)))).every(Boolean));
    }
    for (let page = 0; page < PAGES; page++) {
      await persist(() => cluster.incr(`page:${page}`));
      await persist(() => cluster.sadd(`visitors:${page % 7}`, turn * PAGES + page));
    }
  }
  expect(await cluster.get("page:1"), `${ROUNDS}`);
  cluster.disconnect();
  // By a client that knows nothing of slots, many keys at once.
  const pages = Array.from({ length: PAGES }, (_, page) => `page:${page}`);
  const expected = pages.map(() => `${ROUNDS}`).join();
  for (const node of nodes) {
    await eventually("every node has every count", async () => (await node.ask("MGET", ...pages)).join() === expected);
    const visitors = await Promise.all(Array.from({ length: 7 }, (_, number) => node.ask("SCARD", `visitors:${number}`)));
    expect(visitors.reduce((sum, part) => sum + part), PAGES * ROUNDS);
  }
}

const ports = [];
for (let number = 0; number < 6; number++) ports.push(await freePort());
const nodes = [0, 1, 2].map((number) => new Node(number, ports[number], ports.slice(3)));
try {
  await eventually("they hear each other", async () => (await Promise.all(nodes.map((node) => node.shows(3)))).every(Boolean));
  await count(nodes);
  console.log("  ioredis Cluster: passed");
} finally {
  await Promise.all(nodes.map((node) => node.kill()));
  rmSync(folder, { recursive: true });
}
