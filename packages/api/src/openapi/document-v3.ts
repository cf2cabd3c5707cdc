/** OpenAPI v3: one document per group and version. */

import { type SchemaSet, schemaRefPrefix } from "@kubets/apimachinery";
import type { ResourceDefinition } from "../definition.ts";
import { type Operation, operationsOf, type Parameter } from "./operations.ts";
import { type Json, publishDefinitions, withCustomKinds } from "./schemas.ts";

export const patchDefinition = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch";

/** Custom resources have no strategic merge. */
export function patchTypesOf(builtIn: boolean): string[] {
  return [
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    ...(builtIn ? ["application/strategic-merge-patch+json"] : []),
  ];
}

/** The document of the group and version that all `definitions` are of. */
export function buildOpenApiV3(definitions: readonly ResourceDefinition[], schemas: SchemaSet, version: string): Json {
  const operations = operationsOf(definitions);
  const names = new Set<string>();
  for (const { body, result } of operations) {
    if (result !== undefined) names.add(result);
    if (body !== undefined) names.add(body.kind === "object" ? body.definition : patchDefinition);
  }
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version },
    paths: pathsOf(operations, operationV3, parameterV3),
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

/** Operations by path and method, paths sorted. Parameters that all operations of a path have are the path's, as upstream writes them. */
export function pathsOf(
  operations: readonly Operation[],
  write: (operation: Operation) => Json,
  writeParameter: (parameter: Parameter) => Json,
): Record<string, Json> {
  const byPath = [...Map.groupBy(operations, (operation) => operation.path)];
  byPath.sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    byPath.map(([path, ofPath]) => {
      const shared = sharedParameters(ofPath);
      const names = new Set(shared.map((parameter) => parameter.name));
      const written = ofPath.map((operation) => {
        const own = operation.parameters.filter((parameter) => !names.has(parameter.name));
        return [operation.method, write({ ...operation, parameters: own })] as const;
      });
      const item: Json = Object.fromEntries(written);
      if (shared.length > 0) item["parameters"] = shared.map(writeParameter);
      return [path, item];
    }),
  );
}

function sharedParameters([first, ...others]: readonly Operation[]): Parameter[] {
  const shared = (first?.parameters ?? []).filter(({ name }) =>
    others.every((operation) => operation.parameters.some((parameter) => parameter.name === name)),
  );
  return shared.sort((a, b) => (a.name < b.name ? -1 : 1));
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

/** Media types of an operation's answer; streams say anything goes. */
export function answerTypes({ result, action, protobuf, id }: Operation): string[] {
  if (result === undefined) return id.endsWith("Log") ? ["text/plain", ...plainTypes] : ["*/*"];
  const plain = protobuf ? [...plainTypes, protobufType] : plainTypes;
  const streams = action === "list" || action === "watch" || action === "watchlist";
  if (!streams) return plain;
  const form = ["application/json;stream=watch", ...(protobuf ? [`${protobufType};stream=watch`] : [])];
  return [...plain, ...form];
}

const plainTypes = ["application/json", "application/yaml"];
const protobufType = "application/vnd.kubernetes.protobuf";

/** What else than 200 an action may answer with when it goes well. */
export const otherSuccesses: Readonly<Record<string, readonly (readonly [code: string, description: string])[]>> = {
  post: [
    ["201", "Created"],
    ["202", "Accepted"],
  ],
  put: [["201", "Created"]],
  patch: [["201", "Created"]],
  delete: [["202", "Accepted"]],
};

function operationV3(operation: Operation): Json {
  const { parameters, body, result, action = "" } = operation;
  const schema = result === undefined ? { type: "string" } : { $ref: schemaRefPrefix + result };
  const ok = { description: "OK", content: content(answerTypes(operation), schema) };
  const others = (otherSuccesses[action] ?? []).map(([code, description]) => [code, { ...ok, description }]);
  return {
    ...commonOf(operation),
    ...(parameters.length === 0 ? {} : { parameters: parameters.map(parameterV3) }),
    ...(body === undefined ? {} : { requestBody: bodyV3(body, operation.builtIn) }),
    responses: { "200": ok, ...Object.fromEntries(others), "401": { description: "Unauthorized" } },
  };
}

function content(types: readonly string[], schema: Json): Json {
  return Object.fromEntries(types.map((type) => [type, { schema }]));
}

function bodyV3(body: NonNullable<Operation["body"]>, builtIn: boolean): Json {
  if (body.kind === "object") {
    const schema = { $ref: schemaRefPrefix + body.definition };
    return { content: content(["*/*"], schema), ...(body.required ? { required: true } : {}) };
  }
  const schema = { $ref: schemaRefPrefix + patchDefinition };
  return { content: content(patchTypesOf(builtIn), schema), required: true };
}

function parameterV3({ name, in: where, type }: Parameter): Json {
  return { name, in: where, ...(where === "path" ? { required: true } : {}), schema: { type, uniqueItems: true } };
}
