/** A server with CustomResourceDefinitions at work, for tests. */

import type { TestContext } from "node:test";
import type { ApiServerOptions } from "../server/options.ts";
import type { ApiServer } from "../server.ts";
import { realServer } from "./real-server.ts";
import { type Reply, send } from "./server.ts";

export const crdsPath = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
export const widgetsPath = "/apis/example.com/v1/namespaces/default/widgets";
export const mergePatch = { headers: { "content-type": "application/merge-patch+json" } };

export async function customServer(t: TestContext, options: Partial<ApiServerOptions> = {}): Promise<ApiServer> {
  const server = realServer(options);
  const stop = new AbortController();
  t.after(() => stop.abort());
  await server.customResources.start(stop.signal);
  await send(server, "POST", "/api/v1/namespaces", { metadata: { name: "default" } });
  return server;
}

/** A definition of Widgets with one version, whose schema has these properties beside status. */
export function widgets(schema: object = {}, more: object = {}, spec: object = {}): object {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "widgets.example.com" },
    spec: {
      group: "example.com",
      scope: "Namespaced",
      names: { plural: "widgets", kind: "Widget" },
      versions: [version("v1", schema, { storage: true, ...more })],
      ...spec,
    },
  };
}

export function version(name: string, schema: object, more: object = {}): object {
  return { name, served: true, storage: false, schema: { openAPIV3Schema: { type: "object", ...schema } }, ...more };
}

/** A schema whose `spec` has these properties. */
export function specOf(properties: object, more: object = {}): object {
  return { properties: { spec: { type: "object", properties, ...more } } };
}

/** Creates a CRD and waits until it is served. */
export async function define(server: ApiServer, crd: object): Promise<Reply> {
  const reply = await send(server, "POST", crdsPath, crd);
  await server.customResources.idle();
  return reply;
}

export function widget(name: string, content: object = {}, apiVersion = "example.com/v1"): object {
  return { apiVersion, kind: "Widget", metadata: { name }, ...content };
}

/** `field: message` of all that a Status complains of. */
export function causesOf({ json }: Reply): string[] {
  const causes: { field: string; message: string }[] = json?.details?.causes ?? [];
  return causes.map(({ field, message }) => `${field}: ${message}`);
}

const text = { type: "string" };

/** Of Widgets: v1, which is stored, with `host` and `port`, and v1beta1 with `hostPort`. */
export const twoVersions = (conversion: object) =>
  widgets(
    {},
    {},
    {
      conversion,
      versions: [
        version("v1", specOf({ host: text, port: text }), { storage: true }),
        version("v1beta1", specOf({ hostPort: text, host: text }), { deprecated: true }),
      ],
    },
  );

/** Widgets as v1beta1 has them. */
export const betaPath = widgetsPath.replace("/v1/", "/v1beta1/");
