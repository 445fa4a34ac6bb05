import assert from "node:assert/strict";
import { join } from "node:path";
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

/** A certificate for this machine, and its key; undefined where there is no openssl. */
function certificate(folder: string): { certificate: string; key: string } | undefined {
  const [certificate, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  try {
    const { success } = new Deno.Command("openssl", {
      args: [
        ...[
          "req",
          "-x509",
          "-newkey",
          "rsa:2048",
          "-nodes",
          "-days",
          "2",
          "-subj",
          "/CN=localhost",
        ],
        ...["-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
      ],
      stdout: "null",
      stderr: "null",
    }).outputSync();
    return success ? { certificate, key } : undefined;
  } catch {
    return undefined;
  }
}

const own = certificate(Deno.makeTempDirSync());

Deno.test({
  name: "Redis over TLS is trusted by the certificate that is named, and not without it",
  ignore: redisProgram() === undefined || own === undefined,
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const port = freePort();
    const redis = new Deno.Command("redis-server", {
      args: [
        ...["--port", "0", "--tls-port", String(port), "--bind", "127.0.0.1", "--save", ""],
        ...["--tls-cert-file", own!.certificate, "--tls-key-file", own!.key],
        ...["--tls-auth-clients", "no"],
      ],
      stdout: "null",
      stderr: "null",
    }).spawn();
    try {
      Deno.env.set("LAB_REDIS_CA", own!.certificate);
      const good = await connectRedis(`rediss://localhost:${port}`, () => {});
      assert.equal(await good.ping(), "PONG");
      good.disconnect();
      Deno.env.delete("LAB_REDIS_CA");
      await assert.rejects(
        connectRedis(`rediss://localhost:${port}`, () => {}),
        /Cannot reach the queue .*certificate|issuer|self.signed/i,
      );
    } finally {
      Deno.env.delete("LAB_REDIS_CA");
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
