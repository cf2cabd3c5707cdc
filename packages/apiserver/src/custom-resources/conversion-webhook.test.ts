import assert from "node:assert/strict";
import { test } from "node:test";
import { realClock } from "@kubets/apimachinery";
import {
  betaPath,
  crdsPath,
  customServer,
  define,
  mergePatch,
  twoVersions,
  widget,
  widgetsPath,
} from "../testing/custom-resources.ts";
import { hookServer } from "../testing/hook-server.ts";
import { send, watch } from "../testing/server.ts";
import { WebhookClient } from "../webhook/index.ts";

interface Review {
  readonly apiVersion: string;
  readonly request: { readonly uid: string; readonly desiredAPIVersion: string; readonly objects: readonly Beta[] };
}
interface Beta {
  readonly metadata: object;
  readonly spec: { readonly hostPort?: string; readonly host?: string; readonly port?: string };
}

/** Splits `hostPort`, or joins it. */
function converted({ metadata, spec, ...rest }: Beta, apiVersion: string): object {
  if (apiVersion.endsWith("v1")) {
    const [host, port] = (spec.hostPort ?? "").split(":");
    return { ...rest, apiVersion, metadata, spec: { host, port } };
  }
  return { ...rest, apiVersion, metadata, spec: { hostPort: `${spec.host}:${spec.port}` } };
}

const byWebhook = {
  strategy: "Webhook",
  webhook: { clientConfig: { url: "https://c.example/convert" }, conversionReviewVersions: ["v1"] },
};

test("a webhook converts: once for a list, in order for a watch, and not again", async (t) => {
  const calls: number[] = [];
  const conversionWebhooks = {
    async call(_target: unknown, body: unknown): Promise<unknown> {
      const { apiVersion, request } = body as Review;
      calls.push(request.objects.length);
      // Later conversions would come first, were they not kept in order.
      await new Promise((resolve) => setTimeout(resolve, calls.length % 2 === 0 ? 1 : 8));
      const convertedObjects = request.objects.map((each) => converted(each, request.desiredAPIVersion));
      return {
        kind: "ConversionReview",
        apiVersion,
        response: { uid: request.uid, result: { status: "Success" }, convertedObjects },
      };
    },
  };
  const server = await customServer(t, { conversionWebhooks });
  await define(server, twoVersions(byWebhook));
  for (const name of ["a", "b", "c"]) {
    assert.equal(
      (await send(server, "POST", widgetsPath, widget(name, { spec: { host: name, port: "1" } }))).status,
      201,
    );
  }
  assert.deepEqual(calls, []);
  const list = await send(server, "GET", betaPath);
  assert.deepEqual(
    list.json.items.map((each: Beta) => each.spec.hostPort),
    ["a:1", "b:1", "c:1"],
  );
  assert.deepEqual(calls, [3]);
  assert.equal((await send(server, "GET", `${betaPath}/b`)).json.spec.hostPort, "b:1");
  assert.deepEqual(calls, [3]);
  const watching = await watch(server, `${betaPath}?watch=1&resourceVersion=${list.json.metadata.resourceVersion}`);
  for (const port of ["2", "3", "4"]) await send(server, "PATCH", `${widgetsPath}/a`, { spec: { port } }, mergePatch);
  const events = await watching.until(3);
  assert.deepEqual(
    events.map(({ object }) => object.spec.hostPort),
    ["a:2", "a:3", "a:4"],
  );
  watching.stop();
  const patched = await send(server, "PATCH", `${betaPath}/b`, { spec: { hostPort: "x:9" } }, mergePatch);
  assert.equal(patched.json.spec.hostPort, "x:9");
  assert.deepEqual((await send(server, "GET", `${widgetsPath}/b`)).json.spec, { host: "x", port: "9" });
});

test("a webhook behind TLS, in both versions of its review, and what is said when it is gone", async (t) => {
  const versions: string[] = [];
  const hook = await hookServer((_request, body) => {
    const { apiVersion, request } = JSON.parse(body) as Review;
    versions.push(apiVersion);
    const convertedObjects = request.objects.map((each) => converted(each, request.desiredAPIVersion));
    const response = { uid: request.uid, result: { status: "Success" }, convertedObjects };
    return { kind: "ConversionReview", apiVersion, response };
  });
  t.after(() => hook.close());
  const services = { resolve: async () => ({ host: "127.0.0.1", port: hook.port }) };
  const conversionWebhooks = new WebhookClient({ clock: realClock, services });
  t.after(() => conversionWebhooks.close());
  const server = await customServer(t, { conversionWebhooks });
  const clientConfig = { url: hook.url("/convert"), caBundle: hook.caBundle };
  const conversion = (version: string) => ({
    strategy: "Webhook",
    webhook: { clientConfig, conversionReviewVersions: [version] },
  });
  await define(server, twoVersions(conversion("v1beta1")));
  await send(server, "POST", widgetsPath, widget("w", { spec: { host: "h", port: "1" } }));
  assert.equal((await send(server, "GET", `${betaPath}/w`)).json.spec.hostPort, "h:1");
  const url = `${crdsPath}/widgets.example.com`;
  await send(server, "PATCH", url, { spec: { conversion: conversion("v1") } }, mergePatch);
  assert.equal((await send(server, "GET", `${betaPath}/w`)).json.spec.hostPort, "h:1");
  assert.deepEqual(versions, ["apiextensions.k8s.io/v1beta1", "apiextensions.k8s.io/v1"]);
  hook.close();
  await send(server, "PATCH", `${widgetsPath}/w`, { spec: { port: "2" } }, mergePatch);
  const failed = await send(server, "GET", `${betaPath}/w`);
  const address = `127.0.0.1:${hook.port}`;
  const why = `Post "https://${address}/convert?timeout=30s": dial tcp ${address}: connect: connection refused`;
  assert.equal(failed.json.message, `conversion webhook for example.com/v1, Kind=Widget failed: ${why}`);
});

test("a webhook that answers nonsense is told of", async (t) => {
  let answer = (_request: Review["request"]): unknown => ({});
  const conversionWebhooks = { call: async (_: unknown, body: unknown) => answer((body as Review).request) };
  const server = await customServer(t, { conversionWebhooks });
  await define(server, twoVersions(byWebhook));
  await send(server, "POST", widgetsPath, widget("w", { spec: { host: "h", port: "1" } }));
  const review = { kind: "ConversionReview", apiVersion: "apiextensions.k8s.io/v1" };
  const respond = (change: (object: Beta) => object, result: object = { status: "Success" }) => {
    answer = ({ uid, objects, desiredAPIVersion }) => {
      const convertedObjects = objects.map((each) => change(converted(each, desiredAPIVersion) as Beta));
      return { ...review, response: { uid, result, convertedObjects } };
    };
  };
  const prefix = "conversion webhook for example.com/v1, Kind=Widget";
  const get = async () => {
    const reply = await send(server, "GET", `${betaPath}/w`);
    assert.equal(reply.status, 500);
    return reply.json.message;
  };
  assert.equal(
    await get(),
    `${prefix} failed: expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got , Kind=`,
  );
  respond((each) => each, { status: "Failed", message: "cannot" });
  assert.equal(await get(), `${prefix} failed: cannot`);
  respond((each) => ({ ...each, metadata: { ...each.metadata, name: "other" } }));
  assert.equal(await get(), `${prefix} returned invalid object: must have the same name: w != other`);
  respond((each) => ({ ...each, apiVersion: "example.com/v7" }));
  assert.equal(
    await get(),
    `${prefix} returned invalid object at index 0: invalid groupVersion (expected example.com/v1beta1, received example.com/v7)`,
  );
  respond((each) => ({ ...each, metadata: { ...each.metadata, labels: { "a b": "" } } }));
  assert.match(await get(), /returned invalid metadata: metadata.labels: Invalid value: "a b"/);
  respond((each) => ({ ...each, metadata: { ...each.metadata, labels: { ok: "yes" }, finalizers: ["x"] } }));
  const { json } = await send(server, "GET", `${betaPath}/w`);
  assert.deepEqual([json.metadata.labels, json.metadata.finalizers], [{ ok: "yes" }, undefined]);
});

test("a name that is taken is said to be, without asking how the object looks in this version", async (t) => {
  const conversionWebhooks = {
    async call(_: unknown, body: unknown): Promise<unknown> {
      const { apiVersion, request } = body as Review;
      const convertedObjects = request.objects.map((each) => converted(each, request.desiredAPIVersion));
      const response = { uid: request.uid, result: { status: "Success" }, convertedObjects };
      return { kind: "ConversionReview", apiVersion, response };
    },
  };
  const server = await customServer(t, { conversionWebhooks });
  await define(server, twoVersions(byWebhook));
  const body = widget("w", { metadata: { name: "w", finalizers: ["example.com/f"] } });
  assert.equal((await send(server, "POST", widgetsPath, body)).status, 201);
  const beta = widget("w", { spec: { hostPort: "h:1" } }, "example.com/v1beta1");
  const exists = 'widgets.example.com "w" already exists';
  const again = async () => {
    const { status, json } = await send(server, "POST", betaPath, beta);
    return [status, json.message];
  };
  assert.deepEqual(await again(), [409, exists]);
  await send(server, "DELETE", `${widgetsPath}/w`);
  assert.deepEqual(await again(), [409, `object is being deleted: ${exists}`]);
});
