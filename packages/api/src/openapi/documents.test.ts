import assert from "node:assert/strict";
import { test } from "node:test";
import { definitions } from "../catalogue.ts";
import type { ResourceDefinition } from "../definition.ts";
import { schemaSet } from "../schema-set.ts";
import { OpenApiDocuments, type PublishedDocument } from "./documents.ts";

const version = "v1.36.0";
const documents = new OpenApiDocuments({ definitions: definitions(), schemas: schemaSet, version });
const parse = (document: PublishedDocument | undefined) => JSON.parse(Buffer.from(document?.bytes ?? []).toString());

test("the index names every group and version with the hash of its document", () => {
  const { paths } = parse(documents.v3Index());
  const expected = [...new Set(definitions().map((d) => (d.group === "" ? "api/v1" : `apis/${d.group}/${d.version}`)))];
  assert.deepEqual(Object.keys(paths), expected.sort());
  const etag = documents.v3("apis/apps/v1")!.etag;
  assert.match(etag, /^"[0-9A-F]{128}"$/);
  assert.equal(paths["apis/apps/v1"].serverRelativeURL, `/openapi/v3/apis/apps/v1?hash=${etag.slice(1, -1)}`);
  assert.equal(documents.v3("apis/nothing/v1"), undefined);
});

test("a document is built once and is the same for another server", () => {
  assert.equal(documents.v3("api/v1"), documents.v3("api/v1"));
  const other = new OpenApiDocuments({ definitions: definitions(), schemas: schemaSet, version });
  assert.equal(other.v2Protobuf().etag, documents.v2Protobuf().etag);
});

test("only what changed is built again", () => {
  const changed = definitions().map((each) => (each.plural === "deployments" ? { ...each } : each));
  const next = new OpenApiDocuments({ definitions: changed, schemas: schemaSet, version }, documents);
  assert.equal(next.v3("api/v1"), documents.v3("api/v1"));
  assert.notEqual(next.v3("apis/apps/v1"), documents.v3("apis/apps/v1"));
  const without = definitions().filter((each) => each.plural !== "deployments" && each.group !== "batch");
  const fewer = new OpenApiDocuments({ definitions: without, schemas: schemaSet, version }, documents);
  assert.notEqual(fewer.v3("apis/apps/v1")!.etag, documents.v3("apis/apps/v1")!.etag);
  assert.equal(fewer.v3("apis/batch/v1"), undefined);
});

test("every reference in a document leads to a definition in it", () => {
  const all = { v2: documents.v2(), apps: documents.v3("apis/apps/v1"), core: documents.v3("api/v1") };
  for (const [name, document] of Object.entries(all)) {
    const content = parse(document);
    const found = content.definitions ?? content.components.schemas;
    for (const [, ref] of JSON.stringify(content).matchAll(
      /"\$ref":"#\/(?:definitions|components\/schemas)\/([^"]+)"/g,
    )) {
      assert.ok(found[ref!], `${name}: ${ref}`);
    }
  }
});

test("kubectl finds the parameters it looks for on a patch", () => {
  const patch = parse(documents.v3("apis/apps/v1")).paths["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]
    .patch;
  const names = patch.parameters.map((parameter: { name: string }) => parameter.name);
  assert.deepEqual(names, ["dryRun", "fieldManager", "fieldValidation", "force"]);
  assert.deepEqual(patch["x-kubernetes-group-version-kind"], { group: "apps", version: "v1", kind: "Deployment" });
});

test("a custom resource is published under its group turned around, with a list", () => {
  const custom: ResourceDefinition = {
    ...definitions().find((d) => d.plural === "leases")!,
    group: "stable.example.com",
    kind: "CronTab",
    listKind: "CronTabList",
    plural: "crontabs",
    schema: { type: "object", properties: { spec: { type: "object", "x-kubernetes-preserve-unknown-fields": true } } },
  };
  const { components, paths } = parse(
    new OpenApiDocuments({ definitions: [custom], schemas: schemaSet, version }).v3("apis/stable.example.com/v1"),
  );
  const kind = components.schemas["com.example.stable.v1.CronTab"];
  assert.equal(kind["x-kubernetes-group-version-kind"][0].kind, "CronTab");
  assert.equal(kind.properties.spec["x-kubernetes-preserve-unknown-fields"], true);
  assert.ok(components.schemas["com.example.stable.v1.CronTabList"]);
  assert.ok(paths["/apis/stable.example.com/v1/namespaces/{namespace}/crontabs/{name}"].patch);
});

test("the protobuf form has the definitions of the JSON form", () => {
  const names: string[] = [];
  for (const [field, value] of fieldsOf(documents.v2Protobuf().bytes)) {
    if (field !== 9) continue;
    for (const [, named] of fieldsOf(value)) names.push(Buffer.from(fieldsOf(named)[0]![1]).toString());
  }
  assert.deepEqual(names, Object.keys(parse(documents.v2()).definitions));
});

/** Length-delimited fields of a protobuf message, in order; others are skipped. */
function fieldsOf(bytes: Uint8Array): [field: number, value: Uint8Array][] {
  const fields: [number, Uint8Array][] = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const length = varint();
    if (tag % 8 !== 2) continue;
    fields.push([Math.floor(tag / 8), bytes.subarray(at, at + length)]);
    at += length;
  }
  return fields;
}
