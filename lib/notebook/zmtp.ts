/**
 * As much of ZeroMQ's wire protocol (ZMTP 3.0, NULL security) as a client of a Jupyter kernel needs:
 * messages of several frames over one TCP connection. In plain TypeScript, since the native binding
 * crashed the process now and then when kernels were killed.
 *
 * Source: https://rfc.zeromq.org/spec/23/
 *
 * @module
 */

/** One message: its frames. */
export type Frames = readonly Uint8Array[];

/** An open connection; `close` ends `messages`. */
export interface ZmtpConnection {
  /** Sends one message; messages are sent in the order of the calls. */
  send(frames: Frames): Promise<void>;
  /** Messages as they arrive, until either side closes. */
  readonly messages: AsyncIterable<Frames>;
  /** Closes the connection. */
  close(): void;
}

const MORE = 1;
const LONG = 2;
const COMMAND = 4;

/**
 * Connects as a DEALER (asks and gets answers) or as a SUB (gets all that is published).
 *
 * @throws {Deno.errors.ConnectionRefused} when nobody listens at the port.
 */
export async function connectZmtp(type: "DEALER" | "SUB", port: number): Promise<ZmtpConnection> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  connection.setNoDelay(true);
  const reader = connection.readable.getReader();
  const writer = connection.writable.getWriter();
  const bytes = byteReader(reader);
  await writer.write(greeting());
  await bytes.read(64); // theirs
  await writer.write(frame(readyCommand(type), COMMAND));
  await readFrame(bytes); // their READY
  if (type === "SUB") await writer.write(frame(new Uint8Array([1]), 0)); // subscribe to all
  return {
    send: (frames) =>
      writer.write(joined(frames.map((f, i) => frame(f, i + 1 < frames.length ? MORE : 0)))),
    messages: readMessages(bytes),
    close: () => {
      try {
        connection.close();
      } catch { /* the other side was faster */ }
    },
  };
}

async function* readMessages(bytes: ByteReader): AsyncGenerator<Frames> {
  let frames: Uint8Array[] = [];
  while (true) {
    let next: { flags: number; body: Uint8Array };
    try {
      next = await readFrame(bytes);
    } catch {
      return; // closed by either side
    }
    if (next.flags & COMMAND) continue;
    frames.push(next.body);
    if (next.flags & MORE) continue;
    yield frames;
    frames = [];
  }
}

async function readFrame(bytes: ByteReader): Promise<{ flags: number; body: Uint8Array }> {
  const [flags] = await bytes.read(1);
  const size = await bytes.read(flags & LONG ? 8 : 1);
  let length = 0;
  for (const byte of size) length = length * 256 + byte;
  return { flags, body: await bytes.read(length) };
}

interface ByteReader {
  read(count: number): Promise<Uint8Array>;
}

/** Reads exactly as many bytes as asked for. @throws at the end of the stream. */
function byteReader(reader: ReadableStreamDefaultReader<Uint8Array>): ByteReader {
  let chunk: Uint8Array = new Uint8Array(0);
  return {
    async read(count) {
      const result = new Uint8Array(count);
      for (let filled = 0; filled < count;) {
        if (chunk.length === 0) {
          const { done, value } = await reader.read();
          if (done) throw new Error("Cannot read on: the kernel closed the connection");
          chunk = value;
        }
        const part = chunk.subarray(0, count - filled);
        result.set(part, filled);
        filled += part.length;
        chunk = chunk.subarray(part.length);
      }
      return result;
    },
  };
}

function frame(body: Uint8Array, flags: number): Uint8Array {
  const long = body.length > 255;
  const head = new Uint8Array(long ? 9 : 2);
  head[0] = flags | (long ? LONG : 0);
  if (long) new DataView(head.buffer).setBigUint64(1, BigInt(body.length));
  else head[1] = body.length;
  return joined([head, body]);
}

/** Signature, version 3.0, mechanism NULL, and that this side is no server. */
function greeting(): Uint8Array {
  const bytes = new Uint8Array(64);
  bytes.set([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0]);
  bytes.set(new TextEncoder().encode("NULL"), 12);
  return bytes;
}

function readyCommand(socketType: string): Uint8Array {
  const encoder = new TextEncoder();
  const short = (text: string) => {
    const bytes = encoder.encode(text);
    return joined([new Uint8Array([bytes.length]), bytes]);
  };
  const value = encoder.encode(socketType);
  const size = new Uint8Array([0, 0, 0, value.length]);
  return joined([short("READY"), short("Socket-Type"), size, value]);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
