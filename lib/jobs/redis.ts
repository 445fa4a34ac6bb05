/**
 * The connection to Redis. Its password and certificates come from the environment, so that they stand
 * in no command line, file or log.
 *
 * @module
 */

import { Redis } from "ioredis";

/**
 * Connects to Redis: `redis://host:6379/0`, or `rediss://` for TLS. A lost connection is made again,
 * for ever, so that a restart of Redis is a pause.
 *
 * `LAB_REDIS_PASSWORD` and `LAB_REDIS_USER`: who we are. `LAB_REDIS_CA`: a file with the certificate
 * that signed the server's, where no public authority did.
 *
 * @param onError told of each failure, without secrets.
 * @throws {TypeError} for what is no such URL.
 * @throws {Error} when Redis cannot be reached within ten seconds.
 */
export async function connectRedis(
  url: string,
  onError: (message: string) => void,
): Promise<Redis> {
  const { protocol } = parseQueueUrl(url);
  const password = Deno.env.get("LAB_REDIS_PASSWORD"), username = Deno.env.get("LAB_REDIS_USER");
  const ca = Deno.env.get("LAB_REDIS_CA");
  const redis = new Redis(url, {
    maxRetriesPerRequest: null,
    retryStrategy: (tries) => Math.min(2000, 100 * tries),
    ...(password !== undefined && { password }),
    ...(username !== undefined && { username }),
    ...(protocol === "rediss:" && ca !== undefined && { tls: { ca: Deno.readTextFileSync(ca) } }),
  });
  let last = "no answer";
  redis.on(
    "error",
    (error) => onError(last = error.message || (error as { code?: string }).code || "no answer"),
  );
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`Cannot reach the queue ${redactUrl(url)} within 10 s: ${last}`));
    }, 10_000);
  });
  try {
    await Promise.race([redis.ping(), late]);
  } catch (error) {
    redis.disconnect();
    throw error;
  } finally {
    clearTimeout(timer);
  }
  return redis;
}

/**
 * A queue's URL as it may be shown: without its password.
 *
 * ```ts
 * import { redactUrl } from "@lib/jobs/redis.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(redactUrl("redis://lab:secret@host:6379/1"), "redis://host:6379/1");
 * ```
 */
export function redactUrl(url: string): string {
  const { protocol, host, pathname } = parseQueueUrl(url);
  return `${protocol}//${host}${pathname}`;
}

/** @throws {TypeError} which does not quote the text, for there may be a password in it. */
function parseQueueUrl(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol === "redis:" || parsed?.protocol === "rediss:") return parsed;
  throw new TypeError("Cannot use that queue: must be a URL such as redis://localhost:6379");
}
