/** Random requests to every resource: right ones, nearly right ones, and nonsense. */

import { definitions, type ResourceDefinition, schemaSet } from "@kubets/api";
import { writeJson } from "@kubets/apimachinery";
import type { SeededRandom } from "../random.ts";
import { customDefinition, customKind, customObject } from "./custom.ts";
import { anyValue, chance, damaged, fromSchema, pick } from "./values.ts";

export interface FuzzRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
}

/** These speak to nodes and pods, which a server alone has none of. */
const connecting = new Set(["log", "exec", "attach", "portforward", "proxy"]);
const names = ["a", "b", "web", "default", "kubernetes"];
const badNames = ["A_b", "x".repeat(254), "..", "%00", "%zz", "__proto__", "*"];
const namespaces = ["default", "default", "kube-system"];
const badNamespaces = ["nowhere", "Bad_Name", "%2F"];
/** One fault in a request is enough to be refused: each has to be rare for all to be met behind the door. */
const oddity = 0.05;
const kinds = definitions().filter(({ kind }) => kind !== "CustomResourceDefinition");
const customKinds = 12;

const selectors = [
  "app=web",
  "app in (a,b),!tier",
  "app==web,tier!=x",
  "a notin ()",
  "((",
  "=",
  ",,,",
  "a>5,b<1",
  "metadata.name=a",
  "spec.nodeName=,status.phase!=Running",
  "metadata.name=a\\,b\\=c",
  "unknown.field=x",
  "__proto__=1",
  "a=".repeat(500),
];

const queries: Readonly<Record<string, readonly string[]>> = {
  labelSelector: selectors,
  fieldSelector: selectors,
  resourceVersion: ["", "0", "1", "5", "99999999999999999999", "-1", "abc", "1.5"],
  resourceVersionMatch: ["Exact", "NotOlderThan", "Sideways", ""],
  limit: ["1", "0", "-5", "abc", "500", "99999999999999999999"],
  continue: ["", "abc", "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiIuLi8uLiJ9", "e30", "bnVsbA"],
  watch: ["true", "false", "1", "maybe"],
  timeoutSeconds: ["1", "0", "-1", "x"],
  sendInitialEvents: ["true", "false"],
  allowWatchBookmarks: ["true"],
  dryRun: ["All", "None", "All,All", ""],
  fieldManager: ["fuzz", "", "x".repeat(129), "\u0007"],
  fieldValidation: ["Strict", "Warn", "Ignore", "Whatever"],
  force: ["true", "false", "x"],
  gracePeriodSeconds: ["0", "-1", "abc", "30"],
  propagationPolicy: ["Foreground", "Background", "Orphan", "Upwards"],
  orphanDependents: ["true", "x"],
  pretty: ["true", "0"],
  includeObject: ["Object", "Metadata", "None", "All"],
};

const accepts = [
  "application/json",
  "application/json, */*",
  "*/*",
  "application/yaml",
  "application/json;as=Table;v=v1;g=meta.k8s.io",
  "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
  "application/json;as=Table;v=v9;g=meta.k8s.io,application/json",
  "application/vnd.kubernetes.protobuf, */*",
];
/** Some of them are for lists alone. */
const badAccepts = [
  "text/html;q=2;;=,",
  "application/vnd.kubernetes.protobuf",
  "application/json;as=Table;v=v9;g=meta.k8s.io",
  ";;;",
  "*",
];

const patchTypes = [
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/json-patch+json",
  "application/apply-patch+yaml",
];

export function randomRequest(random: SeededRandom): FuzzRequest {
  if (chance(random, 0.15)) return customRequest(random);
  const definition = pick(random, kinds);
  const collection = collectionPath(random, definition);
  const action = random.below(14);
  if (action < 6) return withBody(random, "POST", collection, objectOf(random, definition));
  const one = `${collection}/${pickOdd(random, names, badNames)}${subresourceOf(random, definition)}`;
  if (action < 8) return withBody(random, "PUT", one, objectOf(random, definition));
  if (action < 10) return patchRequest(random, one, definition);
  if (action === 10) return bare(random, "DELETE", chance(random, 0.8) ? one : collection);
  return bare(
    random,
    chance(random, 0.95) ? "GET" : pick(random, ["HEAD", "OPTIONS", "TRACE", "BREW"]),
    chance(random, 0.6) ? collection : one,
  );
}

function customRequest(random: SeededRandom): FuzzRequest {
  const kind = customKind(random.below(customKinds));
  const definitionsPath = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const action = random.below(10);
  if (action < 3) return withBody(random, "POST", definitionsPath, customDefinition(random, kind));
  const definitionPath = `${definitionsPath}/${kind.plural}.${kind.group}`;
  if (action === 3) return withBody(random, "PUT", definitionPath, customDefinition(random, kind));
  if (action === 4 && chance(random, 0.3)) return bare(random, "DELETE", definitionPath);
  const place = chance(random, 0.8) ? "/namespaces/default" : "";
  const path = `/apis/${kind.group}/${pick(random, ["v1", "v1", "v1beta1"])}${place}/${kind.plural}`;
  const name = pick(random, ["a", "b", "c"]);
  if (action < 7) return withBody(random, "POST", path, customObject(random, kind, name));
  if (action === 7) return withBody(random, "PUT", `${path}/${name}`, customObject(random, kind, name));
  if (action === 8) {
    const headers = { "content-type": pick(random, patchTypes) };
    return withBody(random, "PATCH", `${path}/${name}`, customObject(random, kind, name), headers);
  }
  return bare(random, "GET", path);
}

function collectionPath(random: SeededRandom, { group, version, plural, namespaced }: ResourceDefinition): string {
  const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  const scoped = chance(random, 1 - oddity / 2) ? namespaced : !namespaced;
  return `${root}${scoped ? `/namespaces/${pickOdd(random, namespaces, badNamespaces)}` : ""}/${plural}`;
}

function subresourceOf(random: SeededRandom, { subresources }: ResourceDefinition): string {
  if (chance(random, 0.7)) return "";
  const known = subresources.map(({ name }) => name).filter((name) => !connecting.has(name));
  return `/${pickOdd(random, ["status", ...known], ["scale", "nothing"])}`;
}

function objectOf(random: SeededRandom, definition: ResourceDefinition): unknown {
  const { group, version, kind, schema, namespaced } = definition;
  const object = fromSchema(random, schema, schemaSet, 8);
  if (typeof object !== "object" || object === null) return object;
  const metadata = {
    name: pick(random, ["a", "b", "web", "default"]),
    ...(namespaced ? { namespace: "default" } : {}),
    ...(chance(random, 0.2) ? { labels: { app: "web" }, finalizers: ["example.com/x"] } : {}),
    ...(chance(random, oddity) ? { resourceVersion: "3" } : {}),
    ...(chance(random, 0.05) ? { managedFields: [anyValue(random)] } : {}),
    ...(chance(random, 0.05) ? { ownerReferences: [anyValue(random)] } : {}),
  };
  const whole = { ...object, apiVersion: group === "" ? version : `${group}/${version}`, kind, metadata };
  return chance(random, 0.2) ? damaged(random, whole) : whole;
}

function patchRequest(random: SeededRandom, path: string, definition: ResourceDefinition): FuzzRequest {
  const type = pick(random, patchTypes);
  const patch =
    type === "application/json-patch+json" ? jsonPatch(random) : strategicMarks(random, objectOf(random, definition));
  return withBody(random, "PATCH", path, patch, { "content-type": type });
}

function jsonPatch(random: SeededRandom): unknown {
  const pointers = [
    "/metadata/labels",
    "/spec",
    "/spec/containers/0",
    "/spec/containers/-",
    "",
    "/",
    "/__proto__/x",
    "/a~2b",
    "/metadata/annotations/a~1b",
    "/spec/containers/99999999999",
  ];
  return Array.from({ length: 1 + random.below(4) }, () => ({
    op: pick(random, ["add", "remove", "replace", "move", "copy", "test", "explode"]),
    path: pick(random, pointers),
    ...(chance(random, 0.4) ? { from: pick(random, pointers) } : {}),
    ...(chance(random, 0.8) ? { value: anyValue(random) } : {}),
  }));
}

function strategicMarks(random: SeededRandom, object: unknown): unknown {
  if (typeof object !== "object" || object === null || !chance(random, 0.5)) return object;
  return {
    ...object,
    ...pick<object>(random, [
      { $patch: pick(random, ["replace", "delete", "merge", "nonsense"]) },
      { $retainKeys: anyValue(random) },
      { "$deleteFromPrimitiveList/finalizers": ["x"] },
      { "$setElementOrder/containers": anyValue(random) },
      { spec: { $patch: "delete" } },
    ]),
  };
}

function bare(random: SeededRandom, method: string, path: string): FuzzRequest {
  return {
    method,
    url: path + queryOf(random),
    headers: { accept: pickOdd(random, accepts, badAccepts) },
    body: undefined,
  };
}

/** Aliases of aliases: a kilobyte that would be gigabytes. */
const yamlBomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefghij"
  .split("")
  .map((name, i) => `${name}: &${name} [${`*${"abcdefghij"[i]},`.repeat(9)}]`)
  .join("\n")}\n`;

function withBody(
  random: SeededRandom,
  method: string,
  path: string,
  value: unknown,
  headers: Record<string, string> = { "content-type": "application/json" },
): FuzzRequest {
  let text = writeJson(value) ?? "";
  if (chance(random, 0.01)) text = yamlBomb;
  if (chance(random, 0.01)) text = "[".repeat(5000);
  if (chance(random, 0.02)) text = text.slice(0, random.below(text.length + 1));
  const bytes = Buffer.from(text);
  if (chance(random, 0.03) && bytes.length > 0) bytes[random.below(bytes.length)] = random.below(256);
  const type = chance(random, 0.03)
    ? { "content-type": pick(random, ["text/plain", "application/yaml", "application/vnd.kubernetes.protobuf", ";;"]) }
    : {};
  return {
    method,
    url: path + queryOf(random),
    headers: { ...headers, accept: pickOdd(random, accepts, badAccepts), ...type },
    body: bytes,
  };
}

function pickOdd<T>(random: SeededRandom, usual: readonly T[], odd: readonly T[]): T {
  return pick(random, chance(random, oddity) ? odd : usual);
}

function queryOf(random: SeededRandom): string {
  const query = new URLSearchParams();
  while (chance(random, 0.2)) {
    const name = pick(random, Object.keys(queries));
    query.append(name, pick(random, queries[name]!));
  }
  const text = query.toString();
  return text === "" ? "" : `?${text}`;
}
