/** Swagger v2: one document of everything. */

import type { SchemaSet } from "@kubets/apimachinery";
import type { ResourceDefinition } from "../definition.ts";
import { commonOf, pathsOf } from "./document-v3.ts";
import { type Operation, operationsOf } from "./operations.ts";
import { type Json, publishDefinitions, withCustomKinds } from "./schemas.ts";

export interface SwaggerDocument extends Json {
  readonly paths: Record<string, Json>;
  readonly definitions: Record<string, Json>;
}

export function buildSwagger(
  definitions: readonly ResourceDefinition[],
  schemas: SchemaSet,
  version: string,
): SwaggerDocument {
  const groups = Map.groupBy(definitions, (d) => `${d.group}/${d.version}`);
  const operations = [...groups.values()].flatMap((group) => operationsOf(group));
  const names = new Set<string>(["io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent", patchDefinition]);
  for (const { body, result } of operations) {
    if (result !== undefined) names.add(result);
    if (body?.kind === "object") names.add(body.definition);
  }
  return {
    swagger: "2.0",
    info: { title: "Kubernetes", version },
    paths: pathsOf(operations, operationV2),
    definitions: publishDefinitions(names, withCustomKinds(schemas, definitions), "v2"),
    securityDefinitions: {
      BearerToken: { description: "Bearer Token authentication", type: "apiKey", name: "authorization", in: "header" },
    },
    security: [{ BearerToken: [] }],
  };
}

const patchDefinition = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch";

function operationV2(operation: Operation): Json {
  const { parameters, body, result, action } = operation;
  const schema = result === undefined ? { type: "string" } : { $ref: `#/definitions/${result}` };
  const ok = { description: "OK", schema };
  const written = parameters.map(({ name, in: where, type }) => ({
    uniqueItems: true,
    type,
    name,
    in: where,
    ...(where === "path" ? { required: true } : {}),
  }));
  return {
    ...commonOf(operation),
    consumes: body?.kind === "patch" ? patchTypes : ["*/*"],
    produces: result === undefined ? ["*/*"] : ["application/json", "application/yaml"],
    parameters: [...(body === undefined ? [] : [bodyV2(body)]), ...written],
    responses: {
      "200": ok,
      ...(action === "post" ? { "201": { ...ok, description: "Created" } } : {}),
      "401": { description: "Unauthorized" },
    },
  };
}

const patchTypes = [
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/apply-patch+yaml",
];

function bodyV2(body: NonNullable<Operation["body"]>): Json {
  const name = body.kind === "patch" ? patchDefinition : body.definition;
  const required = body.kind === "patch" || body.required;
  return { name: "body", in: "body", ...(required ? { required } : {}), schema: { $ref: `#/definitions/${name}` } };
}
