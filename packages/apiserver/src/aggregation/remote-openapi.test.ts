import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { apiServices } from "@kubets/api";
import { VirtualClock } from "@kubets/apimachinery";
import { FakeReader } from "../reader/fake-reader.ts";
import type { BackendClient } from "./backend-client.ts";
import type { AggregationProxy } from "./proxy.ts";
import { Registrations } from "./registrations.ts";
import { RemoteOpenApi } from "./remote-openapi.ts";

const serviceOf = (name: string, version: string) => ({
  metadata: { name: `${version}.example.com` },
  spec: {
    ...{ group: "example.com", version, groupPriorityMinimum: 1, versionPriority: 1 },
    service: { namespace: "ns", name },
  },
  status: { conditions: [{ type: "Available", status: "True" }] },
});

/** A server behind an APIService whose document is given, and how often it was asked. */
async function remote(document: string) {
  const reader = new FakeReader();
  const registrations = new Registrations();
  await registrations.follow(reader, new AbortController().signal);
  reader.put(apiServices, serviceOf("a", "v1"));
  const world = { asked: 0, meanwhile: () => {} };
  const client = {
    address: async () => ({ host: "127.0.0.1", port: 1 }),
    async send() {
      world.asked++;
      world.meanwhile();
      return Object.assign(Readable.from([Buffer.from(document)]), { statusCode: 200, headers: {} });
    },
  } as unknown as BackendClient;
  const openApi = new RemoteOpenApi(registrations, undefined as unknown as AggregationProxy, {
    client,
    clock: new VirtualClock(),
  });
  const own = { bytes: Buffer.from('{"paths":{},"definitions":{}}'), etag: "own" };
  return { openApi, own, world, reader };
}

const document = (definitions: string) =>
  `{"paths":{"/apis/example.com/v1/things":{"get":{"$ref":"#/definitions/__proto__"}}},"definitions":${definitions}}`;

test("a definition of an odd name that refers to itself is followed once", async () => {
  const odd = '{"__proto__":{"properties":{"again":{"$ref":"#/definitions/__proto__"}}}}';
  const { openApi, own } = await remote(document(odd));
  const { definitions } = JSON.parse(Buffer.from((await openApi.v2(own)).bytes).toString());
  assert.deepEqual(Object.keys(definitions), ["__proto__"]);
});

test("those who ask together wait for one document; one that others were registered for meanwhile is made anew", async () => {
  const { openApi, own, world, reader } = await remote(document("{}"));
  const [first, second] = await Promise.all([openApi.v2(own), openApi.v2(own)]);
  assert.equal(first, second);
  assert.equal(world.asked, 1);
  assert.equal(await openApi.v2(own), first);
  reader.put(apiServices, serviceOf("b", "v2"));
  world.meanwhile = () => {
    world.meanwhile = () => {};
    reader.put(apiServices, serviceOf("c", "v3"));
  };
  await openApi.v2(own);
  assert.equal(world.asked, 3);
  await openApi.v2(own);
  assert.equal(world.asked, 6);
});
