/** The published documents, each built when first asked for and kept. */

import { createHash } from "node:crypto";
import type { SchemaSet } from "@kubets/apimachinery";
import { writeJson } from "@kubets/apimachinery";
import type { ResourceDefinition } from "../definition.ts";
import { buildOpenApiV3 } from "./document-v3.ts";
import { rootPath } from "./operations.ts";
import { buildSwagger, type SwaggerDocument } from "./swagger.ts";
import { encodeSwagger } from "./swagger-protobuf.ts";

/** What clients ask for to get the protobuf form: older ones with `@`, which is no valid media type. */
export const swaggerProtobufTypes: readonly string[] = [
  "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
  "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
];

/** The content type of the answer to either, as upstream has it: one that parses. */
export const swaggerProtobufContentType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

export interface PublishedDocument {
  readonly bytes: Uint8Array;
  /** With its quotes, as the header has it: the content's SHA-512. */
  readonly etag: string;
}

export interface OpenApiSource {
  /** All resources served, built-in and custom. */
  readonly definitions: readonly ResourceDefinition[];
  readonly schemas: SchemaSet;
  /** The server's version: `v1.36.0`. */
  readonly version: string;
}

/** Documents of one set of resources. When the set changes (a CRD comes or goes), make a new one: nothing is built before it is asked for. */
export class OpenApiDocuments {
  readonly #source: OpenApiSource;
  readonly #groups: ReadonlyMap<string, readonly ResourceDefinition[]>;
  readonly #v3 = new Map<string, PublishedDocument>();
  #index: PublishedDocument | undefined;
  /** Both forms are made of it, and nothing else needs it: with many custom resources it is the largest of all. */
  #swagger: WeakRef<SwaggerDocument> | undefined;
  #v2: PublishedDocument | undefined;
  #v2Protobuf: PublishedDocument | undefined;

  /** Documents of groups that are as they were in `previous` are taken over. */
  constructor(source: OpenApiSource, previous?: OpenApiDocuments) {
    this.#source = source;
    this.#groups = Map.groupBy(source.definitions, (definition) => rootPath(definition).slice(1));
    if (previous === undefined || previous.#source.schemas !== source.schemas) return;
    for (const [name, document] of previous.#v3) {
      const [now, before] = [this.#groups.get(name), previous.#groups.get(name)];
      const same = now?.length === before?.length && now?.every((definition, index) => definition === before?.[index]);
      if (same) this.#v3.set(name, document);
    }
  }

  /** `/openapi/v3`: where each group and version's document is, with its hash so that clients may keep it for good. */
  v3Index(): PublishedDocument {
    this.#index ??= published({
      paths: Object.fromEntries(
        [...this.#groups.keys()].sort().map((name) => {
          const hash = this.v3(name)?.etag.slice(1, -1) ?? "";
          return [name, { serverRelativeURL: `/openapi/v3/${name}?hash=${hash}` }];
        }),
      ),
    });
    return this.#index;
  }

  /** `/openapi/v3/NAME`, where `name` is `api/v1` or `apis/apps/v1`; undefined when nothing of it is served. */
  v3(name: string): PublishedDocument | undefined {
    const known = this.#v3.get(name);
    const definitions = this.#groups.get(name);
    if (known !== undefined || definitions === undefined) return known;
    const { schemas, version } = this.#source;
    const document = published(buildOpenApiV3(definitions, schemas, version));
    this.#v3.set(name, document);
    return document;
  }

  /** `/openapi/v2` as JSON. */
  v2(): PublishedDocument {
    this.#v2 ??= published(this.#swaggerDocument());
    return this.#v2;
  }

  /** `/openapi/v2` as protobuf, for requests that accept one of {@link swaggerProtobufTypes}. */
  v2Protobuf(): PublishedDocument {
    this.#v2Protobuf ??= publishedBytes(encodeSwagger(this.#swaggerDocument()));
    return this.#v2Protobuf;
  }

  #swaggerDocument(): SwaggerDocument {
    const { definitions, schemas, version } = this.#source;
    const known = this.#swagger?.deref();
    if (known !== undefined) return known;
    const made = buildSwagger(definitions, schemas, version);
    this.#swagger = new WeakRef(made);
    return made;
  }
}

function published(document: object): PublishedDocument {
  return publishedBytes(Buffer.from(writeJson(document)));
}

function publishedBytes(bytes: Uint8Array): PublishedDocument {
  return { bytes, etag: `"${createHash("sha512").update(bytes).digest("hex").toUpperCase()}"` };
}
