/** Who comes to own what a subresource's write carries, and does not change. Source: upstream's GetResetFields and GetResetFieldsFilter. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { customServer, define, specOf, widget, widgets, widgetsPath } from "../testing/custom-resources.ts";
import { type Reply, send } from "../testing/server.ts";

const strategic = { headers: { "content-type": "application/strategic-merge-patch+json" } };
const merge = { headers: { "content-type": "application/merge-patch+json" } };
const apply = { headers: { "content-type": "application/apply-patch+yaml" } };

/** Paths that a manager owns, those below another left out: `metadata.labels`. */
function owned(reply: Reply, manager: string): string[] {
  const entry = reply.json.metadata.managedFields?.find((each: { manager: string }) => each.manager === manager);
  return Object.keys(entry?.fieldsV1 ?? {}).flatMap((top) =>
    Object.keys(entry.fieldsV1[top]).map((below) => `${top}.${below}`.replaceAll("f:", "")),
  );
}

const pods = "/api/v1/namespaces/default/pods";

test("ephemeralcontainers and resize own what they change, and no labels", async (t) => {
  const server = await customServer(t);
  const containers = [{ name: "c", image: "i", resources: { requests: { cpu: "1" } } }];
  await send(server, "POST", pods, { metadata: { name: "p", labels: { a: "b" } }, spec: { containers } });
  const debug = await send(
    server,
    "PATCH",
    `${pods}/p/ephemeralcontainers?fieldManager=debugger`,
    {
      metadata: { labels: { x: "y" }, annotations: { x: "y" } },
      spec: { ephemeralContainers: [{ name: "d", image: "i", terminationMessagePolicy: "File" }] },
    },
    strategic,
  );
  assert.deepEqual(debug.json.metadata.labels, { a: "b" }, debug.text);
  assert.deepEqual(owned(debug, "debugger"), ["spec.ephemeralContainers"]);
  const resize = await send(
    server,
    "PATCH",
    `${pods}/p/resize?fieldManager=resizer`,
    { metadata: { labels: { x: "y" } }, spec: { containers: [{ name: "c", resources: { requests: { cpu: "2" } } }] } },
    strategic,
  );
  assert.deepEqual(owned(resize, "resizer"), ["spec.containers"], resize.text);
  const item = resize.json.metadata.managedFields.find((each: { manager: string }) => each.manager === "resizer");
  assert.deepEqual(item.fieldsV1["f:spec"]["f:containers"], {
    'k:{"name":"c"}': { "f:resources": { "f:requests": { "f:cpu": {} } } },
  });
});

test("a status owns no spec, and no metadata that its kind keeps", async (t) => {
  const server = await customServer(t);
  const status = async (path: string, patch: object, type = merge) =>
    owned(await send(server, "PATCH", `${path}/status?fieldManager=s`, patch, type), "s");
  const labels = { metadata: { labels: { x: "y" } } };

  await send(server, "POST", pods, { metadata: { name: "p" }, spec: { containers: [{ name: "c", image: "i" }] } });
  const podStatus = { ...labels, spec: { priority: 3 }, status: { message: "m" } };
  assert.deepEqual(await status(`${pods}/p`, podStatus), ["metadata.labels", "status.message"]);

  const template = { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "i" }] } };
  const spec = { selector: { matchLabels: { a: "b" } }, template };
  await send(server, "POST", "/apis/apps/v1/namespaces/default/deployments", { metadata: { name: "d" }, spec });
  const replicas = { ...labels, spec: { replicas: 9 }, status: { observedGeneration: 1 } };
  assert.deepEqual(await status("/apis/apps/v1/namespaces/default/deployments/d", replicas), [
    "status.observedGeneration",
  ]);

  const attachments = "/apis/storage.k8s.io/v1/volumeattachments";
  const source = { persistentVolumeName: "v" };
  await send(server, "POST", attachments, { metadata: { name: "a" }, spec: { attacher: "x", nodeName: "n", source } });
  assert.deepEqual(await status(`${attachments}/a`, { ...labels, status: { attached: true } }), ["status.attached"]);
  assert.equal((await send(server, "GET", `${attachments}/a`)).json.metadata.labels, undefined);

  await define(server, widgets(specOf({ n: { type: "integer" } }, {}), { subresources: { status: {} } }));
  await send(server, "POST", widgetsPath, widget("w", { spec: { n: 1 } }));
  assert.deepEqual(await status(`${widgetsPath}/w`, { ...labels, spec: { n: 2 } }), []);
});

test("an applied configuration is cut to what its subresource changes", async (t) => {
  const server = await customServer(t);
  await send(server, "POST", pods, { metadata: { name: "p" }, spec: { containers: [{ name: "c", image: "i" }] } });
  const applied = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", labels: { x: "y" } },
    spec: { ephemeralContainers: [{ name: "d", image: "i" }] },
  };
  const reply = await send(server, "PATCH", `${pods}/p/ephemeralcontainers?fieldManager=me`, applied, apply);
  assert.deepEqual(owned(reply, "me"), ["spec.ephemeralContainers"], reply.text);
});

test("a namespace's finalizers are owned by who finalizes", async (t) => {
  const server = await customServer(t);
  await send(server, "POST", "/api/v1/namespaces", { metadata: { name: "n" } });
  const body = (await send(server, "GET", "/api/v1/namespaces/n")).json;
  const spec = { finalizers: ["kubernetes", "example.com/mine"] };
  const reply = await send(server, "PUT", "/api/v1/namespaces/n/finalize?fieldManager=f", {
    ...body,
    spec,
    status: { phase: "Terminating" },
  });
  assert.deepEqual(owned(reply, "f"), ["spec.finalizers"], reply.text);
});
