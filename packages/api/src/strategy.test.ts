import assert from "node:assert/strict";
import { test } from "node:test";
import { deepFreeze, type KubeObject } from "@kubets/apimachinery";
import { specStrategy, statusStrategy } from "./strategy.ts";

type Thing = KubeObject & { spec?: { n: number }; status?: object };
const context = { now: 0, uuid: () => "u", random: () => 0 };

test("a new object has generation 1 and an empty status", () => {
  const thing: Thing = { spec: { n: 1 }, status: { sneaky: true } };
  specStrategy<Thing>().prepareForCreate?.(thing, context);
  assert.deepEqual(thing, { spec: { n: 1 }, status: {}, metadata: { generation: 1 } });
});

test("an update keeps the status and counts changes of the spec", () => {
  const old: Thing = deepFreeze({ metadata: { generation: 4 }, spec: { n: 1 }, status: { ready: 1 } });
  const update = (n: number) => {
    const thing: Thing = { metadata: { generation: 99 }, spec: { n }, status: {} };
    specStrategy<Thing>().prepareForUpdate?.(thing, old, context);
    return thing;
  };
  assert.deepEqual(update(1), old);
  assert.deepEqual(update(2), { ...old, spec: { n: 2 }, metadata: { generation: 5 } });
});

test("/status keeps the spec, the generation and, where asked, the labels", () => {
  const old: Thing = deepFreeze({ metadata: { generation: 4, labels: { a: "b" } }, spec: { n: 1 }, status: {} });
  const thing: Thing = { metadata: { labels: { c: "d" } }, spec: { n: 2 }, status: { ready: 1 } };
  statusStrategy<Thing>({ keepsLabels: true }).prepareForUpdate?.(thing, old, context);
  assert.deepEqual(thing, { ...old, status: { ready: 1 } });
});
