/** Swagger v2: one document of everything. */

import type { SchemaSet } from "@kubets/apimachinery";
import type { ResourceDefinition } from "../definition.ts";
import { answerTypes, commonOf, otherSuccesses, patchDefinition, patchTypesOf, pathsOf } from "./document-v3.ts";
import { type Operation, operationsOf, type Parameter } from "./operations.ts";
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
  const names = new Set<string>();
  for (const { body, result } of operations) {
    if (result !== undefined) names.add(result);
    if (body !== undefined) names.add(body.kind === "object" ? body.definition : patchDefinition);
  }
  return {
    swagger: "2.0",
    info: { title: "Kubernetes", version },
    paths: pathsOf(operations, operationV2, parameterV2),
    definitions: publishDefinitions(names, withCustomKinds(schemas, definitions), "v2"),
    securityDefinitions: {
      BearerToken: { description: "Bearer Token authentication", type: "apiKey", name: "authorization", in: "header" },
    },
    security: [{ BearerToken: [] }],
  };
}

function operationV2(operation: Operation): Json {
  const { parameters, body, result, action = "", builtIn } = operation;
  const schema = result === undefined ? { type: "string" } : { $ref: `#/definitions/${result}` };
  const ok = { description: "OK", schema };
  const others = (otherSuccesses[action] ?? []).map(([code, description]) => [code, { ...ok, description }]);
  return {
    ...commonOf(operation),
    consumes: body?.kind === "patch" ? patchTypesOf(builtIn) : ["*/*"],
    produces: answerTypes(operation),
    parameters: [...(body === undefined ? [] : [bodyV2(body)]), ...parameters.map(parameterV2)],
    responses: { "200": ok, ...Object.fromEntries(others), "401": { description: "Unauthorized" } },
  };
}

function parameterV2({ name, in: where, type }: Parameter): Json {
  return { uniqueItems: true, type, name, in: where, ...(where === "path" ? { required: true } : {}) };
}

function bodyV2(body: NonNullable<Operation["body"]>): Json {
  const name = body.kind === "patch" ? patchDefinition : body.definition;
  const required = body.kind === "patch" || body.required;
  return { name: "body", in: "body", ...(required ? { required } : {}), schema: { $ref: `#/definitions/${name}` } };
}
