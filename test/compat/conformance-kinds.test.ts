/** What upstream's tests named "should support ... API operations" do with one kind after the other, done with every built-in kind. */

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import {
  type Api,
  applyPatch,
  at,
  freshNamespace,
  type Query,
  type Resource,
  refused,
  startApi,
  type Thing,
} from "../harness/api.ts";
import { eventually } from "../harness/eventually.ts";
import { type KindSample, kindSamples } from "../harness/kinds.ts";
import type { SkippingClock } from "../harness/skipping-clock.ts";

const tableForm = "application/json;as=Table;v=v1;g=meta.k8s.io";
const metadataForm = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io";

interface Served {
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly subresources: readonly string[];
}

/** Every stored resource, found as a client finds it: groups, then a group, then a version's resources. */
async function discover(api: Api): Promise<Map<string, Served>> {
  const { groups } = (await api.ask("GET", "/apis")) as unknown as { groups: { name: string }[] };
  const versions = ["v1"];
  for (const { name } of groups) {
    const group = await api.ask("GET", `/apis/${name}`);
    versions.push(...(group["versions"] as { groupVersion: string }[]).map((version) => version.groupVersion));
  }
  const found = new Map<string, Served>();
  for (const version of versions) {
    const list = await api.ask("GET", version === "v1" ? "/api/v1" : `/apis/${version}`);
    assert.equal(list["groupVersion"], version);
    const resources = list["resources"] as { name: string; namespaced: boolean; verbs: string[] }[];
    for (const { name, namespaced, verbs } of resources) {
      const subresources = resources.flatMap((each) => (each.name.startsWith(`${name}/`) ? [each.name] : []));
      found.set(`${version}/${name}`, { namespaced, verbs, subresources });
    }
  }
  return found;
}

test("every built-in kind supports its API operations", { timeout: 300_000 }, async (t) => {
  const { api, clock } = await startApi(t);
  const namespace = await freshNamespace(api);
  const served = await discover(api);
  const { request, certificate } = await certificatePair();
  const samples = kindSamples(request, certificate);
  await t.test("there is a sample of each", () => {
    const stored = [...served].filter(([, { verbs }]) => verbs.includes("create") && verbs.includes("list"));
    assert.deepEqual(samples.map((each) => each.resource).sort(), stored.map(([name]) => name).sort());
  });
  for (const sample of samples) {
    const info = served.get(sample.resource);
    if (info) await t.test(sample.resource, (inner) => operations(inner, { api, clock }, namespace, sample, info));
  }
});

async function operations(
  t: TestContext,
  { api, clock }: { readonly api: Api; readonly clock: SkippingClock },
  namespace: string,
  sample: KindSample,
  info: Served,
) {
  const { kind, resource, lingersMs = 0 } = sample;
  const things = api.resource(resource, info.namespaced ? namespace : undefined);
  const apiVersion = resource.split("/").slice(0, -1).join("/");
  const selected: Query = { labelSelector: "special-label=it" };
  const thing = (index: number): Thing => ({
    apiVersion,
    kind,
    metadata: {
      labels: { "special-label": "it" },
      annotations: { first: "true" },
      ...(sample.name ? { name: sample.name(index) } : { generateName: "e2e-example-" }),
    },
    ...(JSON.parse(JSON.stringify(sample.body(index)).replaceAll("%ns", namespace)) as object),
  });
  const left = async (count: number) =>
    eventually(async () => (await things.list(selected)).items.length === count, {
      what: `${count} ${resource} left`,
    });
  const verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
  assert.deepEqual(
    [...info.verbs].sort(),
    verbs.filter((verb) => resource !== "v1/namespaces" || verb !== "deletecollection"),
  );

  await things.create(thing(0), { dryRun: "All" });
  assert.equal((await things.list(selected)).items.length, 0);
  await things.create(thing(0));
  await things.create(thing(1));
  const made = await things.create(thing(2));
  assert.equal(made.kind, kind);
  const name = made.metadata.name ?? "";
  assert.equal((await things.get(name)).metadata.uid, made.metadata.uid);
  const list = await things.list(selected);
  assert.equal(list.kind, `${kind}List`);
  assert.equal(list.items.length, 3);
  assert.equal((await things.list(selected, true)).items.length, 3);
  await refused(things.create({ ...thing(2), metadata: { name } }), 409, "AlreadyExists");

  const watch = await things.watch({ ...selected, resourceVersion: list.metadata.resourceVersion ?? "" });
  t.after(() => watch.stop());
  const patched = await things.patch(name, { metadata: { annotations: { patched: "true" } } });
  assert.equal(patched.metadata.annotations?.["patched"], "true");
  const annotated = await things.change(name, (object) => {
    object.metadata.annotations = { ...object.metadata.annotations, updated: "true" };
  });
  assert.equal(annotated.metadata.annotations?.["updated"], "true");
  assert.equal(annotated.metadata.annotations?.["patched"], "true");
  await watch.until("MODIFIED", (object) => object.metadata.annotations?.["patched"] === "true");
  await watch.until("MODIFIED", (object) => object.metadata.annotations?.["updated"] === "true");
  const applied = await things.patch(
    name,
    { apiVersion, kind, metadata: { name, annotations: { applied: "true" } } },
    applyPatch,
    undefined,
    { fieldManager: "e2e", force: true },
  );
  assert.equal(applied.metadata.annotations?.["applied"], "true");

  await t.test("a table, and metadata only", async () => {
    const table = await api.ask("GET", things.path(name), { accept: tableForm });
    assert.equal(table.kind, "Table");
    assert.equal((table["rows"] as unknown[]).length, 1);
    const some = await api.ask("GET", things.path(), { accept: metadataForm.replace("Metadata", "MetadataList") });
    assert.equal(some.kind, "PartialObjectMetadataList");
    const one = await api.ask("GET", things.path(name), { accept: metadataForm });
    assert.deepEqual(
      [one.kind, Object.keys(one).sort()],
      ["PartialObjectMetadata", ["apiVersion", "kind", "metadata"]],
    );
  });

  if (info.subresources.some((each) => each.endsWith("/status"))) {
    await t.test("its status", () => statusOperations(things, sample, made));
  }

  await things.delete(name, { gracePeriodSeconds: 0 });
  clock.skip(lingersMs);
  await eventually(() => refused(things.get(name), 404, "NotFound").then(() => true), { what: `${name} is gone` });
  await watch.until("DELETED", (object) => object.metadata.name === name);
  await left(2);
  if (info.verbs.includes("deletecollection")) await things.deleteCollection(selected, { gracePeriodSeconds: 0 });
  else for (const { metadata } of (await things.list(selected)).items) await things.delete(metadata.name ?? "");
  clock.skip(lingersMs);
  await left(0);
}

async function statusOperations(things: Resource, sample: KindSample, made: Thing) {
  const { kind, status = {}, statusKeepsMetadata = false } = sample;
  const ifChangeable = statusKeepsMetadata ? undefined : "true";
  const name = made.metadata.name ?? "";
  const before = await things.get(name, "status");
  assert.equal(before.kind, kind);
  assert.equal(before.metadata.uid, made.metadata.uid);
  const patch = { metadata: { annotations: { patchedstatus: "true" } }, status };
  const patched = await things.patch(name, patch, undefined, "status");
  assert.equal(patched.metadata.annotations?.["patchedstatus"], ifChangeable, "annotation by way of status");
  holds(patched["status"], status, "status");
  const updated = await things.change(
    name,
    (object) => {
      object.metadata.annotations = { ...object.metadata.annotations, updatedstatus: "true" };
      object["status"] = { ...(object["status"] as object), ...status };
    },
    "status",
  );
  assert.equal(updated.metadata.annotations?.["updatedstatus"], ifChangeable);
  const after = await things.get(name);
  assert.deepEqual(at(after, "spec"), at(before, "spec"));
}

/** Everything that was asked for is there; more may be. */
function holds(found: unknown, wanted: unknown, path: string): void {
  if (Array.isArray(wanted)) {
    const keyed = (value: unknown) => (value as { type?: string }).type;
    for (const [index, each] of wanted.entries())
      holds(
        (found as unknown[] | undefined)?.find((other) => keyed(each) !== undefined && keyed(other) === keyed(each)) ??
          (found as unknown[] | undefined)?.[index],
        each,
        `${path}[${index}]`,
      );
  } else if (typeof wanted === "object" && wanted !== null) {
    for (const [name, value] of Object.entries(wanted))
      holds((found as Record<string, unknown> | undefined)?.[name], value, `${path}.${name}`);
  } else assert.equal(found, wanted, path);
}

async function certificatePair(): Promise<{ request: string; certificate: string }> {
  const { mkdtemp, readFile, rm } = await import("node:fs/promises");
  const { execFileSync } = await import("node:child_process");
  const directory = await mkdtemp("/tmp/kubets-csr-");
  try {
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", `${directory}/key`];
    const subject = ["-subj", "/CN=e2e.example.com", "-addext", "subjectAltName=DNS:e2e.example.com"];
    const openssl = (...args: string[]) =>
      execFileSync("openssl", ["req", ...key, ...subject, ...args], { stdio: "pipe" });
    openssl("-out", `${directory}/csr`);
    openssl("-x509", "-out", `${directory}/crt`);
    return {
      request: await readFile(`${directory}/csr`, "utf8"),
      certificate: await readFile(`${directory}/crt`, "utf8"),
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
