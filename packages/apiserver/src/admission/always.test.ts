import assert from "node:assert/strict";
import { test } from "node:test";
import { clone } from "@kubets/apimachinery";
import { alwaysDeny, alwaysPullImages } from "./always.ts";
import { admitBy, fieldsOf, pod, refuses, requestOn } from "./testing.ts";

test("AlwaysDeny refuses; AlwaysPullImages makes every pod's images be asked for", async () => {
  await refuses(
    admitBy(alwaysDeny, requestOn("pods", { object: pod() })),
    'pods "web" is forbidden: admission control is denying all modifications',
  );
  const pulled = pod({ containers: [{ name: "c", image: "i", imagePullPolicy: "Never" }] });
  await admitBy(alwaysPullImages, requestOn("pods", { object: pulled }));
  assert.equal(fieldsOf(pulled).spec.containers[0].imagePullPolicy, "Always");
  const cached = pod({ containers: [{ name: "c", image: "i", imagePullPolicy: "Never" }] });
  await admitBy(alwaysPullImages, requestOn("pods", { operation: "UPDATE", object: cached, oldObject: clone(cached) }));
  assert.equal(fieldsOf(cached).spec.containers[0].imagePullPolicy, "Never");
});
