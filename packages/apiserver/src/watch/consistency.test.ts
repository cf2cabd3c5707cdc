import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom, testSeed } from "@kubets/apimachinery";
import { pods as podDefinition } from "../testing/definitions.ts";
import { send, testServer, watch } from "../testing/server.ts";

const pods = "/api/v1/namespaces/default/pods";
const patch = { headers: { "content-type": "application/merge-patch+json" } };

const queries = [
  "",
  "&labelSelector=app%3Da",
  "&fieldSelector=spec.nodeName%3Dn1",
  "&fieldSelector=metadata.name%3Dp3",
];

test("list and watch, begun at any time, always come to what is there", async (t) => {
  const seed = testSeed();
  t.diagnostic(`seed ${seed}; KUBETS_SEED=${seed} repeats it`);
  const { next: random } = seededRandom(seed);
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)]!;
  const server = testServer({ definitions: [podDefinition as never] });
  const names = Array.from({ length: 8 }, (_, i) => `p${i}`);

  const change = async () => {
    const name = pick(names);
    const kind = random();
    const labels = { app: pick(["a", "b"]) };
    const spec = { nodeName: pick(["n1", "n2"]) };
    if (kind < 0.4) await send(server, "POST", pods, { metadata: { name, labels }, spec });
    else if (kind < 0.8) await send(server, "PATCH", `${pods}/${name}`, { metadata: { labels }, spec }, patch);
    else await send(server, "DELETE", `${pods}/${name}?gracePeriodSeconds=0`);
  };

  const follow = async (query: string) => {
    const list = (await send(server, "GET", `${pods}?x=1${query}`)).json;
    const state = new Map<string, string>();
    for (const { metadata } of list.items) state.set(metadata.name, metadata.resourceVersion);
    const from = list.metadata.resourceVersion;
    const watching = await watch(server, `${pods}?watch=1&resourceVersion=${from}${query}`);
    return { query, state, watching, from: Number(from) };
  };

  const followers: Awaited<ReturnType<typeof follow>>[] = [];
  for (let round = 0; round < 30; round++) {
    if (round < 12) followers.push(await follow(pick(queries)));
    await Promise.all(Array.from({ length: 20 }, change));
  }
  await new Promise((resolve) => setImmediate(resolve));

  for (const { query, state, watching, from } of followers) {
    let last = from;
    for (const { type, object } of watching.events) {
      const { name, resourceVersion } = object.metadata;
      assert.ok(Number(resourceVersion) > last, `${query}: events are in order`);
      last = Number(resourceVersion);
      assert.equal(state.has(name), type !== "ADDED", `${query}: ${type} ${name}`);
      if (type === "DELETED") state.delete(name);
      else state.set(name, resourceVersion);
    }
    const items = (await send(server, "GET", `${pods}?x=1${query}`)).json.items;
    const now = items.map(({ metadata }: { metadata: { name: string; resourceVersion: string } }) => [
      metadata.name,
      metadata.resourceVersion,
    ]);
    assert.deepEqual([...state].sort(), now.sort(), query);
    watching.stop();
  }
});
