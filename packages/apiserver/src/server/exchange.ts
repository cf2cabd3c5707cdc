/**
 * One request and its answer on the wire, whichever HTTP it is. HTTP/2 is spoken through its streams themselves: Node's compatible request and
 * response objects would cost as much as the rest of a small answer.
 */

import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { type Http2ServerResponse, constants as http2, type ServerHttp2Stream, sensitiveHeaders } from "node:http2";
import type { Readable } from "node:stream";
import type { TLSSocket } from "node:tls";

/** Headers with another value each time: kept in the connection's table of headers, they would only push out the others. */
const unique = ["audit-id"];

export type Headers = Readonly<Record<string, string | number | readonly string[]>>;

export interface Exchange {
  readonly method: string;
  /** Percent-encoded path and query. */
  readonly url: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
  readonly hasBody: boolean;
  readonly body: Readable;
  readonly socket: TLSSocket | undefined;
  /** The same for all exchanges of a connection. */
  readonly connection: object;

  /** The other end is gone, or the answer was cut off. */
  readonly destroyed: boolean;
  readonly ended: boolean;
  readonly headersSent: boolean;
  /** Bytes written and not sent. */
  readonly waiting: number;
  readonly needsDrain: boolean;
  respond(status: number, headers: Headers): void;
  /** False when it is better to wait for `drain`. */
  write(bytes: Uint8Array): boolean;
  end(bytes?: Uint8Array): void;
  /** Cuts the answer off, so that the other end sees it as broken. */
  destroy(): void;
  /** The request's body was left unread: nothing may follow on the connection, where that would be read as the next request. */
  readonly mustReadOn: boolean;
  /** With the headers of the answer after which the connection, or stream, is to be closed. */
  closing(headers: Record<string, string | number | readonly string[]>): void;
  on(event: "close" | "drain" | "error", listener: (error?: Error) => void): void;
  off(event: "drain", listener: () => void): void;
}

export class Http2Exchange implements Exchange {
  readonly headers: Exchange["headers"];
  readonly rawHeaders: readonly string[];
  readonly mustReadOn = false;
  readonly #stream: ServerHttp2Stream;

  constructor(stream: ServerHttp2Stream, headers: Exchange["headers"], rawHeaders: readonly string[]) {
    this.#stream = stream;
    this.headers = headers;
    this.rawHeaders = rawHeaders;
  }

  get method(): string {
    return this.headers[":method"] as string;
  }

  get url(): string {
    return (this.headers[":path"] as string | undefined) ?? "/";
  }

  get hasBody(): boolean {
    return !this.#stream.endAfterHeaders;
  }

  get body(): Readable {
    return this.#stream;
  }

  get socket(): TLSSocket | undefined {
    return this.#stream.session?.socket as TLSSocket | undefined;
  }

  get connection(): object {
    return this.#stream.session ?? this.#stream;
  }

  get destroyed(): boolean {
    return this.#stream.destroyed || this.#stream.closed;
  }

  get ended(): boolean {
    return this.#stream.writableEnded;
  }

  get headersSent(): boolean {
    return this.#stream.headersSent;
  }

  get waiting(): number {
    return this.#stream.writableLength;
  }

  get needsDrain(): boolean {
    return this.#stream.writableNeedDrain;
  }

  respond(status: number, headers: Headers): void {
    this.#stream.respond({ ":status": status, ...(headers as Record<string, string>), [sensitiveHeaders]: unique });
  }

  write(bytes: Uint8Array): boolean {
    return this.#stream.write(bytes);
  }

  end(bytes?: Uint8Array): void {
    if (bytes === undefined) this.#stream.end();
    else this.#stream.end(bytes);
  }

  destroy(): void {
    this.#stream.close(http2.NGHTTP2_INTERNAL_ERROR);
  }

  closing(): void {
    this.#stream.on("finish", () => this.#stream.close(http2.NGHTTP2_NO_ERROR));
  }

  on(event: "close" | "drain" | "error", listener: (error?: Error) => void): void {
    this.#stream.on(event, listener);
  }

  off(event: "drain", listener: () => void): void {
    this.#stream.off(event, listener);
  }
}

export class Http1Exchange implements Exchange {
  readonly #incoming: IncomingMessage;
  readonly #outgoing: ServerResponse;
  readonly mustReadOn = true;

  /** Node types the answers of a server of both kinds as HTTP/2's. */
  constructor(incoming: IncomingMessage, outgoing: ServerResponse | Http2ServerResponse) {
    this.#incoming = incoming;
    this.#outgoing = outgoing as ServerResponse;
  }

  get method(): string {
    return this.#incoming.method ?? "GET";
  }

  get url(): string {
    const { url = "/" } = this.#incoming;
    return url.startsWith("/") ? url : withoutServer(url);
  }

  get headers(): IncomingHttpHeaders {
    return this.#incoming.headers;
  }

  get rawHeaders(): readonly string[] {
    return this.#incoming.rawHeaders;
  }

  get hasBody(): boolean {
    const { headers } = this.#incoming;
    return Number(headers["content-length"] ?? 0) > 0 || headers["transfer-encoding"] !== undefined;
  }

  get body(): Readable {
    return this.#incoming;
  }

  get socket(): TLSSocket | undefined {
    return this.#incoming.socket as TLSSocket | undefined;
  }

  get connection(): object {
    return this.#incoming.socket;
  }

  get destroyed(): boolean {
    return this.#outgoing.destroyed;
  }

  get ended(): boolean {
    return this.#outgoing.writableEnded;
  }

  get headersSent(): boolean {
    return this.#outgoing.headersSent;
  }

  get waiting(): number {
    return this.#outgoing.writableLength;
  }

  get needsDrain(): boolean {
    return this.#outgoing.writableNeedDrain;
  }

  respond(status: number, headers: Headers): void {
    this.#outgoing.writeHead(status, headers as Record<string, string>);
    // An answer of a known length goes out with its headers; one that comes by and by says at once that it comes.
    if (headers["content-length"] === undefined) this.#outgoing.flushHeaders();
  }

  write(bytes: Uint8Array): boolean {
    return this.#outgoing.write(bytes);
  }

  end(bytes?: Uint8Array): void {
    if (bytes === undefined) this.#outgoing.end();
    else this.#outgoing.end(bytes);
  }

  destroy(): void {
    this.#outgoing.destroy();
  }

  closing(headers: Record<string, string | number | readonly string[]>): void {
    headers["connection"] = "close";
  }

  on(event: "close" | "drain" | "error", listener: (error?: Error) => void): void {
    this.#outgoing.on(event, listener);
    if (event === "error") this.#incoming.on("error", listener);
  }

  off(event: "drain", listener: () => void): void {
    this.#outgoing.off(event, listener);
  }
}

/** Of a target that names the server as well, as to a proxy. */
function withoutServer(url: string): string {
  const target = url.replace(/^https?:\/\/[^/?#]*/i, "");
  return target === "" || target.startsWith("?") ? `/${target}` : target;
}
