/** `/openapi/v2` and `/openapi/v3`. Documents are made when first asked for, and again when what is served changes. */

import type { OpenApiDocuments, PublishedDocument } from "@kubets/api/openapi";
import type { SchemaSet } from "@kubets/apimachinery";
import { type Answer, header, type ServerRequest } from "../request/request.ts";
import type { Call } from "../server/context.ts";
import type { ResourceTable } from "../server/resource-table.ts";
import { gitVersion } from "../server/version.ts";

const v3Prefix = "/openapi/v3/";
const yearSeconds = 31_536_000;

export class OpenApi {
  readonly #resources: ResourceTable;
  readonly #schemas: SchemaSet;
  #made: { readonly generation: number; readonly documents: OpenApiDocuments } | undefined;

  constructor(resources: ResourceTable, schemas: SchemaSet) {
    this.#resources = resources;
    this.#schemas = schemas;
  }

  async handle({ info, request }: Call): Promise<Answer | undefined> {
    const { path } = info;
    if (path !== "/openapi/v2" && path !== "/openapi/v3" && !path.startsWith(v3Prefix)) return undefined;
    const { swaggerProtobufTypes, swaggerProtobufContentType } = await import("@kubets/api/openapi");
    const documents = await this.#documents();
    if (path === "/openapi/v2") {
      const accept = header(request, "accept") ?? "";
      const asProtobuf = swaggerProtobufTypes.some((type) => accept.includes(type)) && !prefersJson(accept);
      if (asProtobuf) return answer(request, documents.v2Protobuf(), swaggerProtobufContentType);
      return answer(request, documents.v2(), "application/json");
    }
    if (path === "/openapi/v3") return answer(request, documents.v3Index(), "application/json");
    const document = documents.v3(path.slice(v3Prefix.length));
    return document === undefined ? undefined : versioned(request, document, path);
  }

  async #documents(): Promise<OpenApiDocuments> {
    const { generation } = this.#resources;
    if (this.#made?.generation !== generation) {
      const { OpenApiDocuments: Documents } = await import("@kubets/api/openapi");
      const definitions = [...this.#resources.all()].map(({ definition }) => definition);
      this.#made = {
        generation,
        documents: new Documents({ definitions, schemas: this.#schemas, version: gitVersion }),
      };
    }
    return this.#made.documents;
  }
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
