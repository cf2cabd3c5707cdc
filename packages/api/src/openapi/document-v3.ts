/** OpenAPI v3: one document per group and version. */

import { type SchemaSet, schemaRefPrefix } from "@kubets/apimachinery";
import type { ResourceDefinition } from "../definition.ts";
import { type Operation, operationsOf, type Parameter } from "./operations.ts";
import { type Json, publishDefinitions, withCustomKinds } from "./schemas.ts";

const patchTypes = [
  "application/apply-patch+yaml",
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
];

/** The document of the group and version that all `definitions` are of. */
export function buildOpenApiV3(definitions: readonly ResourceDefinition[], schemas: SchemaSet, version: string): Json {
  const operations = operationsOf(definitions);
  const names = new Set<string>();
  for (const { body, result } of operations) {
    if (result !== undefined) names.add(result);
    if (body?.kind === "object") names.add(body.definition);
  }
  names.add("io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent");
  names.add("io.k8s.apimachinery.pkg.apis.meta.v1.Patch");
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version },
    paths: pathsOf(operations, operationV3),
    components: {
      schemas: publishDefinitions(names, withCustomKinds(schemas, definitions), "v3"),
      securitySchemes: {
        BearerToken: {
          type: "apiKey",
          description: "Bearer Token authentication",
          name: "authorization",
          in: "header",
        },
      },
    },
  };
}

/** Operations by path and method, paths sorted. */
export function pathsOf(operations: readonly Operation[], write: (operation: Operation) => Json): Record<string, Json> {
  const paths: Record<string, Json> = {};
  for (const operation of [...operations].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))) {
    const item = paths[operation.path] ?? {};
    item[operation.method] = write(operation);
    paths[operation.path] = item;
  }
  return paths;
}

/** What both formats say of an operation. */
export function commonOf({ tag, id, action, kind }: Operation): Json {
  return {
    tags: [tag],
    operationId: id,
    ...(action === undefined ? {} : { "x-kubernetes-action": action }),
    ...(kind === undefined ? {} : { "x-kubernetes-group-version-kind": kind }),
  };
}

function operationV3(operation: Operation): Json {
  const { parameters, body, result } = operation;
  const schema = result === undefined ? { type: "string" } : { $ref: schemaRefPrefix + result };
  const types = result === undefined ? ["*/*"] : ["application/json", "application/yaml"];
  const watch = operation.action === "list" ? ["application/json;stream=watch"] : [];
  const ok = { description: "OK", content: content([...types, ...watch], schema) };
  return {
    ...commonOf(operation),
    ...(parameters.length === 0 ? {} : { parameters: parameters.map(parameterV3) }),
    ...(body === undefined ? {} : { requestBody: bodyV3(body) }),
    responses: {
      "200": ok,
      ...(operation.action === "post" ? { "201": { ...ok, description: "Created" } } : {}),
      "401": { description: "Unauthorized" },
    },
  };
}

function content(types: readonly string[], schema: Json): Json {
  return Object.fromEntries(types.map((type) => [type, { schema }]));
}

function bodyV3(body: NonNullable<Operation["body"]>): Json {
  if (body.kind === "object") {
    const schema = { $ref: schemaRefPrefix + body.definition };
    return { content: content(["*/*"], schema), ...(body.required ? { required: true } : {}) };
  }
  const schema = { $ref: `${schemaRefPrefix}io.k8s.apimachinery.pkg.apis.meta.v1.Patch` };
  return { content: content(patchTypes, schema), required: true };
}

function parameterV3({ name, in: where, type }: Parameter): Json {
  return { name, in: where, ...(where === "path" ? { required: true } : {}), schema: { type, uniqueItems: true } };
}
