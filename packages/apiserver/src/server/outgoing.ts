/** Answers to sockets: bytes, compressed when asked; streams no faster than they are read; watches with a bound. */

import { STATUS_CODES } from "node:http";
import { type Http2ServerResponse, constants as http2 } from "node:http2";
import type { Duplex, Readable } from "node:stream";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Clock } from "@kubets/apimachinery";
import { header, type ServerRequest } from "../request/request.ts";
import type { ListBytes } from "./list-bytes.ts";
import type { ByteSink, HttpResponse } from "./render.ts";

/**
 * A watcher whose connection holds this much unsent is cut off; it comes back and lists. The bytes are shared by all who watch the same, and a
 * watcher that resumes after a pause is given all it missed in one go.
 */
const maxBufferedBytes = 64 * 1024 * 1024;
const gzipFromBytes = 128 * 1024;

const gzipped = promisify(gzip);

export async function send(
  request: ServerRequest,
  response: HttpResponse,
  outgoing: Http2ServerResponse,
  clock: Clock,
): Promise<void> {
  const { body } = response;
  if (outgoing.destroyed || body.type === "none") return;
  outgoing.statusCode = response.status;
  for (const [name, value] of Object.entries(response.headers)) outgoing.setHeader(name, value as string | string[]);
  if (body.type === "bytes") return await sendBytes(request, response, body.bytes, outgoing, clock);
  if (body.type === "list") return await sendList(request, body.list, outgoing);
  if (request.method === "HEAD") return void outgoing.end();
  if (body.type === "push") {
    flushHeaders(outgoing);
    body.start(boundedSink(outgoing, request.signal), request.signal);
    return;
  }
  flushHeaders(outgoing);
  const { signal } = request;
  for await (const chunk of body.stream) {
    if (signal.aborted) return;
    if (!outgoing.write(chunk)) await drained(outgoing, signal);
  }
  outgoing.end();
}

function acceptsGzip(request: ServerRequest): boolean {
  return (header(request, "accept-encoding") ?? "").includes("gzip");
}

async function sendList(request: ServerRequest, list: ListBytes, outgoing: Http2ServerResponse): Promise<void> {
  const compress = list.length >= gzipFromBytes && acceptsGzip(request);
  const chunks = compress ? await list.gzipped() : list.chunks;
  if (compress) {
    outgoing.setHeader("content-encoding", "gzip");
    outgoing.setHeader("vary", "Accept-Encoding");
  }
  outgoing.setHeader("content-length", compress ? chunks.reduce((sum, { length }) => sum + length, 0) : list.length);
  // The chunks are shared with every other answer: what waits to be sent costs a reference.
  if (request.method !== "HEAD") for (const chunk of chunks) outgoing.write(chunk);
  outgoing.end();
}

async function sendBytes(
  request: ServerRequest,
  { status }: HttpResponse,
  bytes: Uint8Array,
  outgoing: Http2ServerResponse,
  clock: Clock,
): Promise<void> {
  let sent = bytes;
  if (bytes.length >= gzipFromBytes && acceptsGzip(request)) {
    sent = await gzipped(bytes, { level: 1 });
    outgoing.setHeader("content-encoding", "gzip");
    outgoing.setHeader("vary", "Accept-Encoding");
  }
  if (status !== 304) outgoing.setHeader("content-length", sent.length);
  // A body that was refused unread cannot be followed by another request on an HTTP/1.1 connection.
  if (status === 413 && request.body.type === "bytes") {
    closeAfter(outgoing);
    if (outgoing.req.httpVersionMajor < 2) {
      outgoing.write(sent);
      await discard(outgoing.req, clock);
      return void outgoing.end();
    }
  }
  if (request.method === "HEAD" || status === 304) outgoing.end();
  else outgoing.end(sent);
}

/** How much more of a refused body is read, and for how long, so that the client gets to the answer instead of a reset connection. */
const lingerBytes = 64 * 1024 * 1024;
const lingerMs = 2_000;

function discard(body: Readable, clock: Clock): Promise<void> {
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

function closeAfter(outgoing: Http2ServerResponse): void {
  if (outgoing.req.httpVersionMajor < 2) outgoing.setHeader("connection", "close");
  else outgoing.on("finish", () => outgoing.stream?.close(http2.NGHTTP2_NO_ERROR));
}

/** Both of Node's responses have it; the types know only HTTP/1.1's. */
function flushHeaders(outgoing: Http2ServerResponse): void {
  (outgoing as unknown as { flushHeaders(): void }).flushHeaders();
}

function boundedSink(outgoing: Http2ServerResponse, signal: AbortSignal): ByteSink {
  return {
    write(bytes) {
      if (outgoing.writableEnded || outgoing.destroyed) return;
      outgoing.write(bytes);
      const waiting = outgoing.stream?.writableLength ?? outgoing.writableLength;
      if (waiting > maxBufferedBytes) destroy(outgoing);
    },
    drained() {
      if (outgoing.destroyed || outgoing.writableEnded || !(outgoing.stream ?? outgoing).writableNeedDrain) return undefined;
      return drained(outgoing, signal);
    },
    end() {
      if (!outgoing.writableEnded && !outgoing.destroyed) outgoing.end();
    },
  };
}

export function destroy(outgoing: Http2ServerResponse): void {
  const { stream } = outgoing as { stream?: { close(code: number): void } };
  if (outgoing.req.httpVersionMajor >= 2 && stream !== undefined) stream.close(http2.NGHTTP2_INTERNAL_ERROR);
  else outgoing.destroy();
}

async function drained(outgoing: Http2ServerResponse, signal: AbortSignal): Promise<void> {
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

/** An upgrade that was not taken up is answered as plain HTTP on the raw socket. */
export function refuseUpgrade(socket: Duplex, response: HttpResponse): void {
  const bytes = response.body.type === "bytes" ? response.body.bytes : new Uint8Array();
  const lines = [`HTTP/1.1 ${response.status} ${STATUS_CODES[response.status] ?? ""}`];
  for (const [name, value] of Object.entries(response.headers)) {
    for (const each of typeof value === "string" ? [value] : value) lines.push(`${name}: ${each}`);
  }
  lines.push(`content-length: ${bytes.length}`, "connection: close", "", "");
  socket.end(Buffer.concat([Buffer.from(lines.join("\r\n")), bytes]));
}
