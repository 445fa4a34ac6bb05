import assert from "node:assert/strict";
import { connectRedis } from "@lib/jobs/redis.ts";
import { freePort, killHard, redisProgram, startRedis, until } from "../faults/processes.ts";

Deno.test({
  name: "Redis asks for its password, and no message tells it",
  ignore: redisProgram() === undefined,
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const port = freePort(), said: string[] = [];
    const redis = startRedis(Deno.makeTempDirSync(), port, "open-sesame");
    try {
      Deno.env.set("LAB_REDIS_PASSWORD", "open-sesame");
      const good = await connectRedis(`redis://127.0.0.1:${port}`, (text) => said.push(text));
      assert.equal(await good.ping(), "PONG");
      good.disconnect();
      Deno.env.set("LAB_REDIS_PASSWORD", "open-barley");
      await assert.rejects(
        connectRedis(`redis://127.0.0.1:${port}`, (text) => said.push(text)),
        /NOAUTH|WRONGPASS|Cannot reach the queue/,
      );
      await until(() => said.length > 0, 1).catch(() => {});
      assert.ok(said.every((text) => !/sesame|barley/.test(text)));
    } finally {
      Deno.env.delete("LAB_REDIS_PASSWORD");
      await killHard(redis);
    }
  },
});

Deno.test("a queue's URL that is wrong is not quoted: there may be a password in it", async () => {
  await assert.rejects(
    connectRedis("http://me:secret@host", () => {}),
    (error: Error) =>
      /must be a URL such as redis:/.test(error.message) && !/secret/.test(error.message),
  );
});
