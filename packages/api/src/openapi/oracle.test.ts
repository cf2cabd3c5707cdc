/**
 * The published documents against those of Kubernetes v1.35, which lie outside the project: paths, operations, kinds, and every schema
 * with its fields, types, formats, what is required, list and map types, merge strategies and defaults.
 * {@link listed} has every difference with its reason; one that is not there fails, and so does one that is there and no longer is.
 */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { allDefinitions } from "../catalogue.ts";
import { schemaSet } from "../schema-set.ts";
import { OpenApiDocuments } from "./documents.ts";
import { listed } from "./oracle-differences.ts";

const reference = fileURLToPath(new URL("../../../../../shared/reference/openapi-v3-1.35", import.meta.url));
const skip = existsSync(reference) ? false : `SKIPPED: ${reference} is missing, so nothing was compared with upstream`;

const documents = new OpenApiDocuments({ definitions: allDefinitions(), schemas: schemaSet, version: "v1.36.0" });

interface Written {
  operationId?: string;
  "x-kubernetes-action"?: string;
  "x-kubernetes-group-version-kind"?: { group: string; version: string; kind: string };
}

type Json = { [name: string]: unknown };

interface Document {
  paths: Record<string, Record<string, Written>>;
  components: { schemas: Record<string, Json> };
}

test("documents are those upstream publishes", { skip }, () => {
  const differences = new Set<string>();
  for (const file of readdirSync(reference)) {
    const name = file.replace(/\.json$/, "").replaceAll("__", "/");
    const wanted: Document = JSON.parse(readFileSync(`${reference}/${file}`, "utf8"));
    const published = documents.v3(name);
    if (published === undefined) {
      differences.add(`${name}: no document`);
      continue;
    }
    const found: Document = JSON.parse(Buffer.from(published.bytes).toString());
    for (const text of compareLists(operationsOf(found), operationsOf(wanted))) differences.add(text);
    for (const text of compareSchemas(found.components.schemas, wanted.components.schemas)) differences.add(text);
  }
  const known = (text: string) => listed.some(({ of }) => (typeof of === "string" ? of === text : of.test(text)));
  const unlisted = [...differences].filter((text) => !known(text)).sort();
  const gone = listed.filter(
    ({ of }) => ![...differences].some((d) => (typeof of === "string" ? of === d : of.test(d))),
  );
  assert.deepEqual({ unlisted, gone: gone.map(({ of }) => String(of)) }, { unlisted: [], gone: [] });
});

/** One line per operation. */
function operationsOf(document: Document): string[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, operation]) => {
      if (operation.operationId === undefined) return [];
      const kind = operation["x-kubernetes-group-version-kind"];
      const kindText = kind === undefined ? "" : `${kind.group}/${kind.version}/${kind.kind}`;
      return [`${method} ${path} ${operation.operationId} ${operation["x-kubernetes-action"] ?? ""} ${kindText}`];
    }),
  );
}

function compareLists(found: readonly string[], wanted: readonly string[]): string[] {
  return [
    ...found.filter((line) => !wanted.includes(line)).map((line) => `added: ${line}`),
    ...wanted.filter((line) => !found.includes(line)).map((line) => `missing: ${line}`),
  ];
}

function compareSchemas(found: Record<string, Json>, wanted: Record<string, Json>): string[] {
  const out: string[] = [];
  for (const name of Object.keys(found)) if (wanted[name] === undefined) out.push(`${name}: added`);
  for (const [name, schema] of Object.entries(wanted)) {
    const mine = found[name];
    if (mine === undefined) out.push(`${name}: missing`);
    else out.push(...compareSchema(name, mine, schema));
  }
  return out;
}

/** Every keyword but prose; kinds published for more groups than ours has (DeleteOptions) are a set that must hold ours. */
function compareSchema(where: string, found: Json, wanted: Json): string[] {
  const { properties: foundFields = {}, ...foundRest } = found as { properties?: Record<string, Json> };
  const { properties: wantedFields = {}, ...wantedRest } = wanted as { properties?: Record<string, Json> };
  const out: string[] = [];
  for (const field of Object.keys(foundFields))
    if (wantedFields[field] === undefined) out.push(`${where}.${field}: added`);
  for (const [field, schema] of Object.entries(wantedFields)) {
    const mine = foundFields[field];
    if (mine === undefined) out.push(`${where}.${field}: missing`);
    else out.push(...compareSchema(`${where}.${field}`, mine, schema));
  }
  const keys = new Set([...Object.keys(foundRest), ...Object.keys(wantedRest)]);
  for (const key of [...keys].sort()) {
    if (key === "description") continue;
    const [mine, theirs] = [textOf(key, (foundRest as Json)[key]), textOf(key, (wantedRest as Json)[key])];
    if (mine !== theirs) out.push(`${where}: ${key} ${mine}, published ${theirs}`);
  }
  return out;
}

function textOf(key: string, value: unknown): string {
  if (key === "required") return [...((value as string[] | undefined) ?? [])].sort().join();
  return JSON.stringify(sorted(value)) ?? "none";
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([name]) => name !== "description");
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, each]) => [name, sorted(each)]));
}
