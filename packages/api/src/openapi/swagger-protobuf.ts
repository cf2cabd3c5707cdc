/** A Swagger v2 document in gnostic's protobuf form, which is all that older kubectl reads. Field numbers: gnostic's OpenAPIv2.proto. */

import { writeJson } from "@kubets/apimachinery";
import { ProtobufWriter } from "./protobuf-writer.ts";
import type { Json } from "./schemas.ts";
import type { SwaggerDocument } from "./swagger.ts";

/** What `/openapi/v2` gives to those who accept gnostic's protobuf. */
export function encodeSwagger(document: SwaggerDocument): Uint8Array {
  const info = document["info"] as { title: string; version: string };
  return new ProtobufWriter()
    .string(1, String(document["swagger"]))
    .message(2, (w) => w.string(1, info.title).string(2, info.version))
    .message(8, (paths) => {
      for (const [path, item] of Object.entries(document.paths)) {
        paths.message(2, (named) => named.string(1, path).message(2, (w) => writePathItem(w, item)));
      }
    })
    .message(9, (definitions) => {
      for (const [name, schema] of Object.entries(document.definitions)) {
        definitions.message(1, (named) => named.string(1, name).message(2, (w) => writeSchema(w, schema)));
      }
    })
    .finish();
}

const methodFields: Readonly<Record<string, number>> = {
  get: 2,
  put: 3,
  post: 4,
  delete: 5,
  options: 6,
  head: 7,
  patch: 8,
};

function writePathItem(writer: ProtobufWriter, item: Json): void {
  for (const [method, operation] of Object.entries(item)) {
    const field = methodFields[method];
    if (field !== undefined) writer.message(field, (w) => writeOperation(w, operation as Json));
  }
  for (const parameter of (item["parameters"] as Json[] | undefined) ?? []) {
    writer.message(9, (item) => item.message(1, (w) => writeParameter(w, parameter)));
  }
}

function writeOperation(writer: ProtobufWriter, operation: Json): void {
  writer
    .strings(1, operation["tags"] as string[] | undefined)
    .string(5, operation["operationId"] as string | undefined)
    .strings(6, operation["produces"] as string[] | undefined)
    .strings(7, operation["consumes"] as string[] | undefined);
  // Other servers' documents have less in them.
  for (const parameter of (operation["parameters"] as Json[] | undefined) ?? []) {
    writer.message(8, (item) => item.message(1, (w) => writeParameter(w, parameter)));
  }
  writer.message(9, (responses) => {
    for (const [code, response] of Object.entries((operation["responses"] as Record<string, Json> | undefined) ?? {})) {
      responses.message(1, (named) =>
        named.string(1, code).message(2, (value) => value.message(1, (w) => writeResponse(w, response))),
      );
    }
  });
  writeExtensions(writer, 13, operation);
}

function writeResponse(writer: ProtobufWriter, response: Json): void {
  writer.string(1, response["description"] as string | undefined);
  const schema = response["schema"] as Json | undefined;
  if (schema !== undefined) writer.message(2, (item) => item.message(1, (w) => writeSchema(w, schema)));
}

function writeParameter(writer: ProtobufWriter, parameter: Json): void {
  const { name, in: where, required, type, uniqueItems, schema } = parameter;
  if (where === "body") {
    writer.message(1, (body) =>
      body
        .string(2, name as string)
        .string(3, where)
        .boolean(4, required as boolean | undefined)
        .message(5, (w) => writeSchema(w, schema as Json)),
    );
    return;
  }
  // Query and path parameters are alike but for `allow_empty_value`, which moves the numbers after it.
  const [kind, shift] = where === "query" ? [3, 1] : [4, 0];
  writer.message(2, (nonBody) =>
    nonBody.message(kind, (w) =>
      w
        .boolean(1, required as boolean | undefined)
        .string(2, where as string)
        .string(4, name as string)
        .string(5 + shift, type as string)
        .boolean(19 + shift, uniqueItems as boolean | undefined),
    ),
  );
}

function writeSchema(writer: ProtobufWriter, schema: Json): void {
  const { $ref, format, description, required, additionalProperties, type, items, properties } = schema;
  writer
    .string(1, $ref as string | undefined)
    .string(2, format as string | undefined)
    .string(4, description as string | undefined)
    .strings(19, required as string[] | undefined);
  for (const value of (schema["enum"] as unknown[] | undefined) ?? []) writer.message(20, (w) => writeAny(w, value));
  if (typeof additionalProperties === "boolean") writer.message(21, (w) => w.boolean(2, additionalProperties));
  else if (additionalProperties !== undefined) {
    writer.message(21, (item) => item.message(1, (w) => writeSchema(w, additionalProperties as Json)));
  }
  if (type !== undefined) writer.message(22, (w) => w.strings(1, [type as string]));
  if (items !== undefined) writer.message(23, (item) => item.message(1, (w) => writeSchema(w, items as Json)));
  if (properties !== undefined) {
    writer.message(25, (all) => {
      for (const [name, property] of Object.entries(properties as Record<string, Json>)) {
        all.message(1, (named) => named.string(1, name).message(2, (w) => writeSchema(w, property)));
      }
    });
  }
  writeExtensions(writer, 31, schema);
}

/** JSON is YAML, and kubectl reads the YAML. */
function writeAny(writer: ProtobufWriter, value: unknown): void {
  writer.string(2, writeJson(value));
}

function writeExtensions(writer: ProtobufWriter, field: number, source: Json): void {
  for (const [name, value] of Object.entries(source)) {
    if (!name.startsWith("x-") || value === undefined) continue;
    writer.message(field, (named) => named.string(1, name).message(2, (w) => writeAny(w, value)));
  }
}
