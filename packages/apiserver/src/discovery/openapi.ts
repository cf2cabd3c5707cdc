/** `/openapi/v2` and `/openapi/v3`. Documents are made when first asked for, and again when what is served changes. */

import { createHash } from "node:crypto";
import type { OpenApiDocuments, PublishedDocument, SwaggerDocument } from "@kubets/api/openapi";
import type { SchemaSet } from "@kubets/apimachinery";
import { parseJson } from "@kubets/apimachinery";
import { type Answer, header, type ServerRequest } from "../request/request.ts";
import type { Call } from "../server/context.ts";
import type { ResourceTable } from "../server/resource-table.ts";
import { gitVersion } from "../server/version.ts";

const v3Prefix = "/openapi/v3/";
const yearSeconds = 31_536_000;

/** Documents of other servers. */
export interface RemoteDocuments {
  /** Whether there are any: nothing else is asked otherwise. */
  readonly any: boolean;
  /** By name (`apis/GROUP/VERSION`): where each is, with its hash. */
  v3Paths(): Promise<Readonly<Record<string, { readonly serverRelativeURL: string }>>>;
  /** One of them, as its server gives it; undefined for none of theirs. */
  v3(call: Call, name: string): Promise<Answer> | undefined;
  /** `own` and what is theirs; the same one for as long as nothing changes. */
  v2(own: PublishedDocument): Promise<PublishedDocument>;
}

export class OpenApi {
  readonly #resources: ResourceTable;
  readonly #schemas: SchemaSet;
  readonly #remote: RemoteDocuments | undefined;
  #encoded: { readonly of: PublishedDocument; readonly document: PublishedDocument } | undefined;
  #made: { readonly generation: number; readonly documents: OpenApiDocuments } | undefined;

  constructor(resources: ResourceTable, schemas: SchemaSet, remote?: RemoteDocuments) {
    this.#resources = resources;
    this.#schemas = schemas;
    this.#remote = remote;
  }

  async handle(call: Call): Promise<Answer | undefined> {
    const { info, request } = call;
    const { path } = info;
    if (path !== "/openapi/v2" && path !== "/openapi/v3" && !path.startsWith(v3Prefix)) return undefined;
    const { swaggerProtobufTypes, swaggerProtobufContentType } = await import("@kubets/api/openapi");
    const documents = await this.#documents();
    if (path === "/openapi/v2") {
      const accept = header(request, "accept") ?? "";
      const asProtobuf = swaggerProtobufTypes.some((type) => accept.includes(type)) && !prefersJson(accept);
      const own = documents.v2();
      const whole = this.#remote?.any ? await this.#remote.v2(own) : own;
      if (!asProtobuf) return answer(request, whole, "application/json");
      const encoded = whole === own ? documents.v2Protobuf() : await this.#protobufOf(whole, documents);
      return answer(request, encoded, swaggerProtobufContentType);
    }
    if (path === "/openapi/v3") return await this.#index(request, documents);
    const name = path.slice(v3Prefix.length);
    const elsewhere = this.#remote?.any ? this.#remote.v3(call, name) : undefined;
    if (elsewhere !== undefined) return await elsewhere;
    const document = documents.v3(name);
    return document === undefined ? undefined : versioned(request, document, path);
  }

  async #index(request: ServerRequest, documents: OpenApiDocuments): Promise<Answer> {
    const own = documents.v3Index();
    if (!this.#remote?.any) return answer(request, own, "application/json");
    const { paths } = JSON.parse(Buffer.from(own.bytes).toString()) as { paths: object };
    const bytes = Buffer.from(JSON.stringify({ paths: { ...paths, ...(await this.#remote.v3Paths()) } }));
    return answer(request, { bytes, etag: etagOf(bytes) }, "application/json");
  }

  /** Of a document that is in part other servers'; this server's own when theirs has something that cannot be encoded. */
  async #protobufOf(whole: PublishedDocument, documents: OpenApiDocuments): Promise<PublishedDocument> {
    if (this.#encoded?.of === whole) return this.#encoded.document;
    const { encodeSwagger } = await import("@kubets/api/openapi");
    let document = documents.v2Protobuf();
    try {
      const bytes = encodeSwagger(parseJson(Buffer.from(whole.bytes).toString()) as SwaggerDocument);
      document = { bytes, etag: etagOf(bytes) };
    } catch {
      // Another server's mistake; the JSON form has what it says.
    }
    this.#encoded = { of: whole, document };
    return document;
  }

  async #documents(): Promise<OpenApiDocuments> {
    const { generation } = this.#resources;
    if (this.#made?.generation !== generation) {
      const { OpenApiDocuments: Documents } = await import("@kubets/api/openapi");
      const definitions = [...this.#resources.all()].map(({ definition }) => definition);
      this.#made = {
        generation,
        documents: new Documents({ definitions, schemas: this.#schemas, version: gitVersion }, this.#made?.documents),
      };
    }
    return this.#made.documents;
  }
}

export function etagOf(bytes: Uint8Array): string {
  return `"${createHash("sha512").update(bytes).digest("hex").toUpperCase()}"`;
}

function prefersJson(accept: string): boolean {
  return accept.split(",")[0]!.trim().startsWith("application/json");
}

function answer(request: ServerRequest, { bytes, etag }: PublishedDocument, contentType: string): Answer {
  const headers = { etag, vary: "Accept" };
  const same = header(request, "if-none-match") === etag;
  const content = { type: "bytes", contentType, bytes: same ? new Uint8Array() : bytes } as const;
  return { status: same ? 304 : 200, headers, content };
}

/** With the right hash in its URL a document may be kept for good; with another, the client is sent to the right one. */
function versioned(request: ServerRequest, document: PublishedDocument, path: string): Answer {
  const asked = request.query.get("hash");
  const hash = document.etag.slice(1, -1);
  if (asked === null || asked === "") return answer(request, document, "application/json");
  if (asked !== hash) {
    const content = { type: "bytes", contentType: "text/plain", bytes: new Uint8Array() } as const;
    return { status: 301, headers: { location: `${path}?hash=${hash}` }, content };
  }
  const found = answer(request, document, "application/json");
  const headers = { ...found.headers, "cache-control": `public, immutable, max-age=${yearSeconds}` };
  return { ...found, headers };
}
