// rate-limiter-flexible: a quota holds when many ask at once.
import { deepStrictEqual as expect, rejects } from "node:assert";
import Redis from "ioredis";
import { BurstyRateLimiter, RateLimiterRedis } from "rate-limiter-flexible";

const redis = new Redis(Number(process.argv[2]), "127.0.0.1", { db: 6, enableOfflineQueue: true });
await redis.flushdb();
const limiter = new RateLimiterRedis({ storeClient: redis, points: 10, duration: 30, blockDuration: 60 });
const asked = await Promise.allSettled(Array.from({ length: 25 }, () => limiter.consume("ann")));
expect(asked.filter((one) => one.status === "fulfilled").length, 10);
const refused = asked.find((one) => one.status === "rejected").reason;
expect(refused.remainingPoints, 0);
expect(refused.msBeforeNext > 25_000, true);
expect((await limiter.get("ann")).consumedPoints > 10, true);
expect((await limiter.consume("bob", 3)).remainingPoints, 7);
expect((await limiter.penalty("bob", 2)).consumedPoints, 5);
expect((await limiter.reward("bob", 1)).consumedPoints, 4);
await limiter.block("carl", 20);
await rejects(limiter.consume("carl"), (refusal) => refusal.msBeforeNext > 15_000);
expect(await limiter.delete("carl"), true);
expect((await limiter.consume("carl")).remainingPoints, 9);

const inOneScript = new RateLimiterRedis({ storeClient: redis, keyPrefix: "once", points: 2, duration: 30 });
const bursty = new BurstyRateLimiter(inOneScript, new RateLimiterRedis({ storeClient: redis, keyPrefix: "burst", points: 3, duration: 60 }));
const bursts = await Promise.allSettled(Array.from({ length: 8 }, () => bursty.consume("dora")));
expect(bursts.filter((one) => one.status === "fulfilled").length, 5);
redis.disconnect();
