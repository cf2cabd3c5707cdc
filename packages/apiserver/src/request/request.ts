/** A request and an answer as values, independent of sockets: what the HTTPS front and the in-process transport have in common. */

import type { Duplex } from "node:stream";
import type { ResourceDefinition } from "@kubets/api";
import type { KubeObject, ListMeta } from "@kubets/apimachinery";
import type { UserInfo } from "../authentication/authenticator.ts";
import type { ServedObject } from "../registry/served-object.ts";
import type { WatchRequest } from "../watch/watch-request.ts";

/** What came with a request, or how to get it. */
export type RequestBody =
  /** By reference, from a caller in this process; never changed. */
  | { readonly type: "value"; readonly value: unknown }
  /** Read at most once. Rejects with StatusError 413 above the limit. */
  | {
      readonly type: "bytes";
      read(limitBytes: number): Promise<Uint8Array>;
      readonly stream?: AsyncIterable<Uint8Array>;
    }
  | { readonly type: "none" };

/** A request as it came, by whatever way: from the network, or from a caller in this process. */
export interface ServerRequest {
  readonly method: string;
  /** Percent-encoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Path and query as they were sent; absent in-process. */
  readonly url?: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: RequestBody;
  /** Set when the identity is known already (in-process); the authenticator is not asked. */
  readonly user?: UserInfo;
  /** As they came, name after value after name; absent in-process. */
  readonly rawHeaders?: readonly string[];
  /** The client's Audit-ID, or a new one: what records and the answer call the request; absent in-process. */
  readonly auditId?: string;
  /** Who is connected, an address without a port; absent in-process. */
  readonly remoteAddress?: string;
  /** DER, from the TLS layer; not verified yet. */
  readonly peerCertificate?: Uint8Array;
  /** DER of what the client presented beside its own certificate. */
  readonly peerIntermediates?: () => readonly Uint8Array[];
  /** Aborts when the client goes away or the server stops. */
  readonly signal: AbortSignal;
  /** The raw connection of an HTTP/1.1 Upgrade request; whoever takes it answers on it. */
  readonly upgrade?: { readonly socket: Duplex; readonly head: Uint8Array };
}

/** What is answered, before it is known in which form: that is for the request's Accept header to say. */
export type Content =
  /** One object; can be given as a Table or its metadata alone. */
  | { readonly type: "object"; readonly served: ServedObject; readonly definition: ResourceDefinition }
  | {
      readonly type: "list";
      readonly items: readonly ServedObject[];
      readonly metadata: ListMeta;
      readonly definition: ResourceDefinition;
    }
  | { readonly type: "watch"; readonly watch: Pick<WatchRequest, "start">; readonly definition: ResourceDefinition }
  /** A JSON value that has no other form: Status, Scale, TokenReview, discovery. */
  | { readonly type: "value"; readonly value: KubeObject | object }
  | { readonly type: "bytes"; readonly contentType: string; readonly bytes: Uint8Array }
  | { readonly type: "stream"; readonly contentType: string; readonly stream: AsyncIterable<Uint8Array> }
  /** The connection was taken over; there is nothing left to answer. */
  | { readonly type: "hijacked" };

/** What a handler answers: a status code, and the content that will be rendered. */
export interface Answer {
  readonly status: number;
  readonly content: Content;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Texts for Warning headers. */
  readonly warnings?: readonly string[];
}

/** An answer of plain text, or of the given type, as it is. */
export function text(status: number, body: string, contentType = "text/plain; charset=utf-8"): Answer {
  return { status, content: { type: "bytes", contentType, bytes: Buffer.from(body) } };
}

/** Go's http.Error: plain text, which no browser is to take for anything else. */
export function httpError(status: number, message: string): Answer {
  return { ...text(status, `${message}\n`), headers: noSniff };
}

/** As upstream's chain says it where no handler has the request yet. @param uri as it was asked for */
export function internalServerError(uri: string, why: string): Answer {
  const message = `Internal Server Error: ${JSON.stringify(uri)}: ${why}`;
  return httpError(500, message.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;"));
}

export const noSniff = Object.freeze({ "x-content-type-options": "nosniff" });

/** An answer of one object or Status, in whatever form the client accepts. */
export function value(status: number, body: object): Answer {
  return { status, content: { type: "value", value: body } };
}

/** Several headers of that name are one, with commas between. @param name in lower case */
export function header(request: Pick<ServerRequest, "headers">, name: string): string | undefined {
  const found = request.headers[name];
  return typeof found === "string" ? found : found?.join(", ");
}
