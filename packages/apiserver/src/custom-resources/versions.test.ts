import assert from "node:assert/strict";
import { test } from "node:test";
import {
  betaPath,
  crdsPath,
  customServer,
  define,
  twoVersions,
  widget,
  widgetsPath,
} from "../testing/custom-resources.ts";
import { send } from "../testing/server.ts";

test("versions that differ in name only; a deprecated one warns", async (t) => {
  const server = await customServer(t);
  await define(server, twoVersions({ strategy: "None" }));
  const beta = widget("w", { spec: { host: "h", hostPort: "h:1" } }, "example.com/v1beta1");
  const made = await send(server, "POST", betaPath, beta);
  assert.equal(made.json.apiVersion, "example.com/v1beta1");
  assert.match(
    String(made.headers["warning"]),
    /example.com\/v1beta1 Widget is deprecated; use example.com\/v1 Widget/,
  );
  // What the stored version does not know is lost.
  assert.deepEqual(made.json.spec, { host: "h" });
  assert.deepEqual((await send(server, "GET", `${widgetsPath}/w`)).json.spec, { host: "h" });
});

test("a write that changes nothing stores an object in the present version; the hash of discovery is that version's", async (t) => {
  const server = await customServer(t);
  await define(server, twoVersions({ strategy: "None" }));
  await send(server, "POST", widgetsPath, widget("w", { spec: { host: "h" } }));
  const url = `${crdsPath}/widgets.example.com`;
  const crd = (await send(server, "GET", url)).json;
  const hash = async () => (await send(server, "GET", "/apis/example.com/v1")).json.resources[0].storageVersionHash;
  const before = await hash();
  for (const each of crd.spec.versions) each.storage = each.name === "v1beta1";
  await send(server, "PUT", url, crd);
  await server.customResources.idle();
  assert.notEqual(await hash(), before);
  const present = (await send(server, "GET", `${widgetsPath}/w`)).json;
  const stored = async () => {
    const entry = await server.context.store.get("/registry/example.com/widgets/default/w");
    return JSON.parse(Buffer.from(entry!.value).toString()).apiVersion;
  };
  assert.equal(await stored(), "example.com/v1");
  await send(server, "PUT", `${widgetsPath}/w`, present);
  assert.equal(await stored(), "example.com/v1beta1");
  const again = (await send(server, "GET", `${widgetsPath}/w`)).json;
  const same = await send(server, "PUT", `${widgetsPath}/w`, again);
  assert.equal(same.json.metadata.resourceVersion, again.metadata.resourceVersion);
});

test("who applied in one version is known in the other, and a version that is gone owns nothing", async (t) => {
  const server = await customServer(t);
  await define(server, twoVersions({ strategy: "None" }));
  const apply = (path: string, apiVersion: string, manager: string, host: string) =>
    send(
      server,
      "PATCH",
      `${path}/w?fieldManager=${manager}`,
      JSON.stringify({ apiVersion, kind: "Widget", metadata: { name: "w" }, spec: { host } }),
      {
        headers: { "content-type": "application/apply-patch+yaml" },
      },
    );
  assert.equal((await apply(betaPath, "example.com/v1beta1", "one", "a")).status, 201);
  const conflict = await apply(widgetsPath, "example.com/v1", "two", "b");
  assert.equal(conflict.status, 409);
  assert.match(conflict.json.message, /conflict with "one": .spec.host/);
  assert.equal((await apply(widgetsPath, "example.com/v1", "one", "b")).json.spec.host, "b");
});
