import assert from "node:assert/strict";
import { test } from "node:test";
import { realClock, realRandom } from "@kubets/apimachinery";
import { ImagePolicyWebhook } from "./image-policy.ts";
import { admitBy, pod, refuses, requestOn } from "./testing.ts";

test("ImagePolicyWebhook: asked once while the answer is good, open or closed when it fails", async () => {
  let answer: object | Error = { status: { allowed: true } };
  const bodies: object[] = [];
  const caller = {
    async post(body: Uint8Array) {
      bodies.push(JSON.parse(Buffer.from(body).toString()));
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  const ttl = { allowTtlMs: 1000, denyTtlMs: 0, retryBackoffMs: 1 };
  const make = (defaultAllow: boolean) =>
    new ImagePolicyWebhook({ caller, config: { ...ttl, defaultAllow }, clock: realClock, random: realRandom });
  const plugin = make(false);
  const using = (image: string) =>
    requestOn("pods", {
      object: pod({ containers: [{ name: "c", image }] }, { annotations: { "x.image-policy.k8s.io/y": "1" } }),
    });
  await admitBy(plugin, using("good"));
  await admitBy(plugin, using("good"));
  assert.deepEqual(bodies, [
    {
      kind: "ImageReview",
      apiVersion: "imagepolicy.k8s.io/v1alpha1",
      metadata: {},
      spec: { containers: [{ image: "good" }], annotations: { "x.image-policy.k8s.io/y": "1" }, namespace: "ns" },
      status: { allowed: false },
    },
  ]);
  answer = { status: { allowed: false, reason: "old" } };
  await refuses(
    admitBy(plugin, using("bad")),
    'pods "web" is forbidden: image policy webhook backend denied one or more images: old',
  );
  answer = new Error("down");
  await refuses(admitBy(plugin, using("other")), 'pods "web" is forbidden: down');
  const { annotations } = await admitBy(make(true), using("other"));
  assert.deepEqual(annotations, { "imagepolicywebhook.image-policy.k8s.io/failed-open": "true" });
});
