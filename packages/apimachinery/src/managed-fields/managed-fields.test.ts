import assert from "node:assert/strict";
import { test } from "node:test";
import { deepFreeze, type Json, type KubeObject, type ManagedFieldsEntry } from "../object.ts";
import type { Schema, SchemaSet } from "../schema.ts";
import { FieldManager } from "./field-manager.ts";
import { fieldPaths, fieldSetOf, fieldSetOfNames, formatFieldPath, parseFieldsV1, writeFieldsV1 } from "./field-set.ts";

const text: Schema = { type: "string" };
const definitions: Record<string, Schema> = {
  "meta.ManagedFieldsEntry": { type: "object" },
};
const set: SchemaSet = { get: (name) => definitions[name], names: () => Object.keys(definitions) };
const schema: Schema = {
  type: "object",
  properties: {
    apiVersion: text,
    kind: text,
    metadata: {
      type: "object",
      properties: {
        name: text,
        uid: text,
        resourceVersion: text,
        labels: { type: "object", additionalProperties: text },
        annotations: { type: "object", additionalProperties: text },
        finalizers: { type: "array", items: text, "x-kubernetes-list-type": "set" },
        managedFields: { type: "array", items: { $ref: "meta.ManagedFieldsEntry" } },
      },
    },
    spec: {
      type: "object",
      properties: {
        replicas: { type: "integer" },
        selector: { type: "object", "x-kubernetes-map-type": "atomic", additionalProperties: text },
        args: { type: "array", items: text },
        containers: {
          type: "array",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["name"],
          items: {
            type: "object",
            properties: {
              name: text,
              image: text,
              ports: {
                type: "array",
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["port", "protocol"],
                items: {
                  type: "object",
                  properties: { port: { type: "integer" }, protocol: { type: "string", default: "TCP" } },
                },
              },
            },
          },
        },
      },
    },
    status: { type: "object", properties: { phase: text } },
  },
};

type Thing = KubeObject & { spec?: Record<string, Json>; status?: Record<string, Json> };
const apiVersion = "apps/v1";
const manager = new FieldManager({ schema, set, apiVersion, resetFields: fieldSetOfNames("status") });
const statusManager = new FieldManager({
  schema,
  set,
  apiVersion,
  subresource: "status",
  resetFields: fieldSetOfNames("spec"),
});
const now = Date.UTC(2026, 0, 2, 3, 4, 5);

const thing = (spec: Record<string, Json>, metadata: KubeObject["metadata"] = {}): Thing =>
  deepFreeze({ apiVersion, kind: "Thing", metadata: { name: "x", ...metadata }, spec });
const withFields = (object: Thing, managedFields: ManagedFieldsEntry[] | undefined, uid = "1"): Thing =>
  deepFreeze({
    ...object,
    metadata: { ...object.metadata, uid, ...(managedFields === undefined ? {} : { managedFields }) },
  });
const create = (object: Thing, by: string, at = now) => withFields(object, manager.update(undefined, object, by, at));
const write = (live: Thing, spec: Record<string, Json>, by: string, at = now) => {
  const object = { ...live, spec };
  return withFields(object, manager.update(live, object, by, at));
};
const apply = (live: Thing | undefined, config: Thing, by: string, force = false, at = now) => {
  const { object, managedFields } = manager.apply(live, config, by, { force, nowMs: at });
  return withFields(object, managedFields);
};
/** Who owns what, in short. */
const owners = (object: Thing) =>
  Object.fromEntries(
    (object.metadata?.managedFields ?? []).map((e) => [
      `${e.manager}/${e.operation}${e.subresource ? `/${e.subresource}` : ""}`,
      fieldPaths(parseFieldsV1(e.fieldsV1!)).map(formatFieldPath).sort().join(" "),
    ]),
  );

test("FieldsV1 is written and read", () => {
  const fields = {
    "f:metadata": { "f:labels": { ".": {}, "f:app": {} } },
    "f:spec": { 'k:{"name":"a","port":1}': { ".": {}, "f:image": {} }, 'v:"x"': {}, "i:0": {} },
  };
  assert.deepEqual(writeFieldsV1(parseFieldsV1(fields)), fields);
  assert.throws(() => parseFieldsV1({ "x:y": {} }), /unknown path element "x:y"/);
  assert.equal(
    formatFieldPath(["f:spec", 'k:{"name":"a","port":1}', 'v:"x"', "i:0"]),
    '.spec[name="a",port=1][="x"][0]',
  );
  assert.deepEqual(writeFieldsV1(fieldSetOf(["f:a", "f:b"], ["f:a"])), { "f:a": { ".": {}, "f:b": {} } });
});

test("a create owns everything, structs included; metadata's own fields are nobody's", () => {
  const live = create(
    thing(
      { replicas: 1, selector: { a: "b" }, containers: [{ name: "c", ports: [{ port: 80 }] }] },
      { labels: { app: "x" }, finalizers: ["a/b"] },
    ),
    "kubectl-create",
  );
  assert.deepEqual(live.metadata?.managedFields, [
    {
      manager: "kubectl-create",
      operation: "Update",
      apiVersion,
      time: "2026-01-02T03:04:05Z",
      fieldsType: "FieldsV1",
      fieldsV1: {
        "f:metadata": { "f:finalizers": { ".": {}, 'v:"a/b"': {} }, "f:labels": { ".": {}, "f:app": {} } },
        "f:spec": {
          ".": {},
          "f:containers": {
            ".": {},
            'k:{"name":"c"}': {
              ".": {},
              "f:name": {},
              "f:ports": { ".": {}, 'k:{"port":80,"protocol":"TCP"}': { ".": {}, "f:port": {} } },
            },
          },
          "f:replicas": {},
          "f:selector": {},
        },
      },
    },
  ]);
});

test("an update moves what it changed, and nothing else", () => {
  const live = create(thing({ replicas: 1, args: ["a"] }), "a");
  const unchanged = manager.update(live, { ...live, spec: { replicas: 1, args: ["a"] } } as Thing, "b", now + 1000);
  assert.equal(unchanged, live.metadata?.managedFields);
  const next = write(live, { replicas: 2, args: ["a"] }, "b");
  assert.deepEqual(owners(next), { "a/Update": ".spec .spec.args", "b/Update": ".spec.replicas" });
  const removed = write(next, { args: ["a"] }, "c");
  assert.deepEqual(owners(removed), { "a/Update": ".spec .spec.args" });
});

test("status is tracked by subresource", () => {
  const live = create(thing({ replicas: 1 }), "a");
  const object = { ...live, status: { phase: "Running" } };
  assert.equal(manager.update(live, object, "a", now), live.metadata?.managedFields);
  const next = withFields(object, statusManager.update(live, object, "kubelet", now));
  assert.deepEqual(owners(next), {
    "a/Update": ".spec .spec.replicas",
    "kubelet/Update/status": ".status .status.phase",
  });
});

test("an empty list stops tracking, and unreadable entries count as none", () => {
  const live = create(thing({ replicas: 1 }), "a");
  const reset = { ...live, metadata: { ...live.metadata, managedFields: [] } };
  assert.equal(manager.update(live, reset, "a", now), undefined);
  const untracked = withFields(thing({ replicas: 1 }), undefined);
  assert.equal(manager.update(untracked, { ...untracked, spec: { replicas: 2 } } as Thing, "a", now), undefined);
});

test("at most ten update managers", () => {
  let live = create(thing({ replicas: 0 }), "creator");
  for (let i = 1; i <= 12; i++) {
    live = withFields(
      { ...live, metadata: { ...live.metadata, labels: { ...live.metadata?.labels, [`l${i}`]: "x" } } },
      manager.update(
        live,
        { ...live, metadata: { ...live.metadata, labels: { ...live.metadata?.labels, [`l${i}`]: "x" } } },
        `m${i}`,
        now + i * 1000,
      ),
    );
  }
  const entries = live.metadata?.managedFields ?? [];
  assert.equal(entries.length, 10);
  assert.equal(entries[0]?.manager, "ancient-changes");
});

test("apply creates, changes, and removes what it no longer says", () => {
  let live = apply(undefined, thing({ replicas: 1, containers: [{ name: "a", image: "1" }, { name: "b" }] }), "me");
  assert.deepEqual(owners(live), {
    "me/Apply":
      '.spec.containers[name="a"] .spec.containers[name="a"].image .spec.containers[name="a"].name .spec.containers[name="b"] .spec.containers[name="b"].name .spec.replicas',
  });
  live = apply(live, thing({ containers: [{ name: "a", image: "2" }] }), "me");
  assert.deepEqual(live.spec, { containers: [{ name: "a", image: "2" }] });
  const again = manager.apply(live, thing({ containers: [{ name: "a", image: "2" }] }), "me", {
    force: false,
    nowMs: now + 5000,
  });
  assert.deepEqual(again.managedFields, live.metadata?.managedFields);
});

test("what others own stays; shared ownership needs no force", () => {
  let live = apply(undefined, thing({ replicas: 1, containers: [{ name: "a", image: "1" }] }), "one");
  live = apply(live, thing({ containers: [{ name: "a", image: "1" }, { name: "x" }] }), "two");
  live = apply(live, thing({ replicas: 1 }), "one");
  assert.deepEqual(live.spec, { replicas: 1, containers: [{ name: "a", image: "1" }, { name: "x" }] });
  assert.match(owners(live)["two/Apply"]!, /containers\[name="a"\]\.image/);
});

test("conflicts name the manager; force takes over", () => {
  const live = create(thing({ replicas: 1, args: ["x"] }), "kubectl-client-side-apply");
  const config = thing({ replicas: 2 });
  assert.throws(() => apply(live, config, "me"), {
    name: "StatusError",
    message: 'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using apps/v1: .spec.replicas',
  });
  assert.throws(() => apply(live, thing({ replicas: 2, args: ["y"] }), "me"), {
    message:
      'Apply failed with 2 conflicts: conflicts with "kubectl-client-side-apply" using apps/v1:\n- .spec.args\n- .spec.replicas',
  });
  const forced = apply(live, config, "me", true);
  assert.deepEqual(owners(forced), {
    "me/Apply": ".spec.replicas",
    "kubectl-client-side-apply/Update": ".spec .spec.args",
  });
  assert.deepEqual(forced.spec, { replicas: 2, args: ["x"] });
});

test("kubectl may take over what its client-side apply wrote", () => {
  const lastApplied = JSON.stringify(thing({ replicas: 1 }));
  const annotations = { "kubectl.kubernetes.io/last-applied-configuration": lastApplied };
  const live = create(thing({ replicas: 1 }, { annotations }), "kubectl-client-side-apply");
  const taken = apply(live, thing({ replicas: 3 }), "kubectl");
  assert.deepEqual(taken.spec, { replicas: 3 });
  assert.equal(
    taken.metadata?.annotations?.["kubectl.kubernetes.io/last-applied-configuration"],
    '{"apiVersion":"apps/v1","kind":"Thing","metadata":{"name":"x"},"spec":{"replicas":3}}\n',
  );
  assert.throws(() => apply(live, thing({ replicas: 3 }), "other"), /conflict/);
});

test("what was applied is kept in the text that Go would make of it", () => {
  const annotations = { "kubectl.kubernetes.io/last-applied-configuration": "{}" };
  const live = create(thing({}, { annotations }), "kubectl-client-side-apply");
  const taken = apply(live, thing({ args: ["a < b"] }, { labels: { "9": "x", "10": "y" } }), "kubectl");
  assert.equal(
    taken.metadata?.annotations?.["kubectl.kubernetes.io/last-applied-configuration"],
    '{"apiVersion":"apps/v1","kind":"Thing","metadata":{"labels":{"10":"y","9":"x"},"name":"x"},"spec":{"args":["a \\u003c b"]}}\n',
  );
});

test("an object without managed fields belongs to nobody known before its first apply", () => {
  const live = withFields(thing({ replicas: 1 }), undefined);
  const next = apply(live, thing({ args: ["a"] }), "me");
  assert.deepEqual(owners(next), { "me/Apply": ".spec.args", "before-first-apply/Update": ".spec .spec.replicas" });
});

test("what apply refuses", () => {
  assert.throws(() => apply(undefined, { ...thing({}), apiVersion: "v2" }, "me"), {
    message: "Incorrect version specified in apply patch. Specified patch version: v2, expected: apps/v1",
  });
  assert.throws(() => apply(undefined, thing({}, { managedFields: [] }), "me"), {
    message: "metadata.managedFields must be nil",
  });
  assert.throws(
    () => apply(undefined, thing({ containers: [{ name: "a" }, { name: "a" }] }), "me"),
    /duplicate entries for key \[name="a"\]/,
  );
});

test("applied lists keep the configuration's order among what others added", () => {
  const names = (...list: string[]) => ({ containers: list.map((name) => ({ name })) });
  let live = apply(undefined, thing(names("a", "b")), "one");
  live = apply(live, thing(names("x", "b")), "two");
  live = apply(live, thing(names("b", "a")), "one", true);
  const order = ((live.spec?.["containers"] ?? []) as { name: string }[]).map((c) => c.name);
  assert.deepEqual([...order].sort(), ["a", "b", "x"]);
  assert.ok(order.indexOf("b") < order.indexOf("a"));
});
