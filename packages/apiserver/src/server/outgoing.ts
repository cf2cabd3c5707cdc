/** Answers to sockets: bytes, compressed when asked; streams no faster than they are read; watches with a bound. */

import type { Duplex, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { createGzip, gzip } from "node:zlib";
import type { Clock } from "@kubets/apimachinery";
import { STATUS_CODES } from "../node-http.ts";
import { header, noSniff, type ServerRequest } from "../request/request.ts";
import type { Exchange } from "./exchange.ts";
import type { ListBytes } from "./list-bytes.ts";
import type { ByteSink, HttpResponse } from "./render.ts";
import { WatchBacklog } from "./watch-backlog.ts";

const gzipFromBytes = 128 * 1024;
const aheadBytes = 512 * 1024;
/** Large answers that were made for one reader alone and are not read yet, in all. Beyond it others are told to come again. */
const maxUnreadBytes = 1024 * 1024 * 1024;
/** A reader that takes nothing for so long is gone. Upstream's --request-timeout. */
const stalledMs = 60_000;

/** How much memory waits for readers. One for all of a server's connections. */
export class UnreadBytes {
  readonly watches = new WatchBacklog();
  #bytes = 0;

  /** False when there is no room; otherwise to be given back. */
  take(bytes: number): boolean {
    if (this.#bytes + bytes > maxUnreadBytes) return false;
    this.#bytes += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#bytes -= bytes;
  }
}

const gzipped = promisify(gzip);

export async function send(
  request: ServerRequest,
  response: HttpResponse,
  outgoing: Exchange,
  clock: Clock,
  unread = new UnreadBytes(),
): Promise<void> {
  const { body, status, headers } = response;
  if (outgoing.destroyed || body.type === "none") return;
  if (body.type === "bytes") return await sendBytes(request, response, body.bytes, outgoing, clock, unread);
  if (body.type === "list") return await sendList(request, response, body.list, outgoing, clock);
  if (body.type === "slices") return await sendSlices(request, response, body.slices, outgoing, clock);
  outgoing.respond(status, headers);
  if (request.method === "HEAD") return void outgoing.end();
  if (body.type === "push")
    return void body.start(boundedSink(outgoing, request.signal, unread.watches), request.signal);
  const { signal } = request;
  for await (const chunk of body.stream) {
    // The client is gone, or the server is about to be: what is cut off must not look whole.
    if (signal.aborted) return outgoing.destroy();
    if (!outgoing.write(chunk)) await drained(outgoing, signal);
  }
  outgoing.end();
}

function acceptsGzip(request: ServerRequest): boolean {
  return (header(request, "accept-encoding") ?? "").includes("gzip");
}

const compressed = { "content-encoding": "gzip", vary: "Accept-Encoding" };

async function sendList(
  request: ServerRequest,
  { status, headers }: HttpResponse,
  list: ListBytes,
  outgoing: Exchange,
  clock: Clock,
): Promise<void> {
  const compress = list.length >= gzipFromBytes && acceptsGzip(request);
  const chunks = compress ? await list.gzipped() : list.chunks;
  const length = compress ? chunks.reduce((sum, { length: more }) => sum + more, 0) : list.length;
  if (outgoing.destroyed) return;
  outgoing.respond(status, { ...headers, ...(compress ? compressed : {}), "content-length": length });
  if (request.method !== "HEAD") await writeAsRead(chunks, request, outgoing, clock);
  outgoing.end();
}

/** No more is made than is read. */
async function sendSlices(
  request: ServerRequest,
  { status, headers }: HttpResponse,
  slices: AsyncIterable<Uint8Array>,
  outgoing: Exchange,
  clock: Clock,
): Promise<void> {
  const compress = acceptsGzip(request);
  outgoing.respond(status, compress ? { ...headers, ...compressed } : headers);
  if (request.method === "HEAD") return void outgoing.end();
  const write = async (chunks: AsyncIterable<Uint8Array>) => {
    for await (const chunk of chunks) {
      if (outgoing.destroyed) return;
      await writeAsRead([chunk], request, outgoing, clock);
    }
  };
  if (compress) await pipeline(slices, createGzip({ level: 1 }), write);
  else await write(slices);
  outgoing.end();
}

/** No further ahead of the reader than some: what a connection takes over is encrypted, a copy for each that asked and does not read. */
async function writeAsRead(
  chunks: Iterable<Uint8Array>,
  request: ServerRequest,
  outgoing: Exchange,
  clock: Clock,
): Promise<void> {
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += aheadBytes) {
      if (outgoing.destroyed) return;
      outgoing.write(chunk.length <= aheadBytes ? chunk : chunk.subarray(at, at + aheadBytes));
      if (outgoing.waiting < aheadBytes || !outgoing.needsDrain) continue;
      const timer = clock.setTimeout(() => outgoing.destroy(), stalledMs, { unref: true });
      await drained(outgoing, request.signal);
      timer.cancel();
    }
  }
}

async function sendBytes(
  request: ServerRequest,
  response: HttpResponse,
  bytes: Uint8Array,
  outgoing: Exchange,
  clock: Clock,
  unread: UnreadBytes,
): Promise<void> {
  const { status } = response;
  const headers: Record<string, string | number | readonly string[]> = { ...response.headers };
  let sent = bytes;
  if (bytes.length >= gzipFromBytes && acceptsGzip(request)) {
    sent = await gzipped(bytes, { level: 1 });
    Object.assign(headers, compressed);
    if (outgoing.destroyed) return;
  }
  const isLarge = sent.length > aheadBytes && request.method !== "HEAD" && status !== 304;
  if (isLarge && !unread.take(sent.length)) return refuseForNow(outgoing);
  if (status !== 304) headers["content-length"] = sent.length;
  if (status === 413 && request.body.type === "bytes") return await refuseBody(sent, headers, outgoing, clock);
  outgoing.respond(status, headers);
  if (request.method === "HEAD" || status === 304) return void outgoing.end();
  if (!isLarge) return void outgoing.end(sent);
  try {
    await writeAsRead([sent], request, outgoing, clock);
    outgoing.end();
  } finally {
    unread.giveBack(sent.length);
  }
}

function refuseForNow(outgoing: Exchange): void {
  const text = Buffer.from("Too many requests, please try again later.\n");
  outgoing.respond(429, {
    "content-type": "text/plain; charset=utf-8",
    "retry-after": "1",
    ...noSniff,
    "content-length": text.length,
  });
  outgoing.end(text);
}

/** This server is about to end. */
export function sendElsewhere(outgoing: Exchange): void {
  if (outgoing.destroyed) return;
  const text = Buffer.from("The apiserver is shutting down, please try again later.\n");
  const headers: Record<string, string | number> = {
    "content-type": "text/plain; charset=utf-8",
    "retry-after": "5",
    ...noSniff,
    "content-length": text.length,
  };
  outgoing.on("error", () => {});
  outgoing.closing(headers);
  outgoing.respond(429, headers);
  outgoing.end(text);
}

/** The request's body was refused unread; in HTTP/1.1 it cannot be followed by another request on its connection. */
async function refuseBody(
  answer: Uint8Array,
  headers: Record<string, string | number | readonly string[]>,
  outgoing: Exchange,
  clock: Clock,
): Promise<void> {
  outgoing.closing(headers);
  outgoing.respond(413, headers);
  if (!outgoing.mustReadOn) return void outgoing.end(answer);
  outgoing.write(answer);
  await discard(outgoing.body, clock);
  outgoing.end();
}

/** How much more of a refused body is read, and for how long, so that the client gets to the answer instead of a reset connection. */
const lingerBytes = 64 * 1024 * 1024;
const lingerMs = 2_000;

/** Resolves when it has ended, or has had that much. */
export function discard(body: Readable, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    let size = 0;
    const finish = () => {
      timer.cancel();
      resolve();
    };
    const timer = clock.setTimeout(finish, lingerMs, { unref: true });
    body.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > lingerBytes) finish();
    });
    for (const event of ["end", "close", "error"]) body.on(event, finish);
    body.resume();
  });
}

function boundedSink(outgoing: Exchange, signal: AbortSignal, backlog: WatchBacklog): ByteSink {
  return {
    write(bytes) {
      if (outgoing.ended || outgoing.destroyed) return;
      outgoing.write(bytes);
      backlog.wrote(bytes.length, outgoing);
    },
    drained() {
      if (outgoing.destroyed || outgoing.ended || !outgoing.needsDrain) return undefined;
      return drained(outgoing, signal);
    },
    end() {
      if (!outgoing.ended && !outgoing.destroyed) outgoing.end();
    },
  };
}

async function drained(outgoing: Exchange, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => {
      outgoing.off("drain", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    outgoing.on("drain", done);
    signal.addEventListener("abort", done, { once: true });
    if (signal.aborted) done();
  });
}

/** An upgrade that was not taken up is answered as plain HTTP on the raw socket, which ends with that. Rejects when what is passed on breaks off. */
export async function refuseUpgrade(socket: Duplex, { status, headers, body }: HttpResponse): Promise<void> {
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`];
  for (const [name, value] of Object.entries(headers)) {
    for (const each of typeof value === "string" ? [value] : value) lines.push(`${name}: ${each}`);
  }
  const bytes = body.type === "bytes" ? body.bytes : new Uint8Array();
  // Another server's answer says for itself how long it is, or goes on to the end.
  if (body.type !== "stream") lines.push(`content-length: ${bytes.length}`);
  lines.push("connection: close", "", "");
  socket.write(Buffer.concat([Buffer.from(lines.join("\r\n")), bytes]));
  if (body.type === "stream") await pipeline(body.stream, socket);
  else socket.end();
}
