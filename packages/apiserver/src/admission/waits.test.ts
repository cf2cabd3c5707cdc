/** What plugins wait for ends with the request, or with the server. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { namespaces, type ResourceQuota, resourceQuotas, serviceAccounts } from "@kubets/api";
import { conflict, realRandom, VirtualClock } from "@kubets/apimachinery";
import { FakeReader } from "../reader/fake-reader.ts";
import { ImagePolicyWebhook } from "./image-policy.ts";
import { NamespaceLifecycle } from "./namespace-lifecycle.ts";
import type { AdmissionPlugin } from "./plugin.ts";
import { ResourceQuotaAdmission } from "./resource-quota/resource-quota.ts";
import { ServiceAccountAdmission } from "./service-account.ts";
import { admitBy, following, requestOn } from "./testing.ts";

const gone = new Error("gone");
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Asks the plugin about a pod, has it wait, and then ends what it waits for. */
async function endsWith(end: AbortController, plugin: AdmissionPlugin, clock: VirtualClock, client = end) {
  const object = { metadata: { name: "p", namespace: "ns" }, spec: { containers: [{ name: "c", image: "i" }] } };
  const outcome = admitBy(plugin, requestOn("pods", { object, client })).then(
    () => "admitted",
    (error: unknown) => error,
  );
  for (let i = 0; i < 5; i++) await turn();
  assert.equal(clock.pendingTimers > 0, true, "it waits");
  end.abort(gone);
  return await outcome;
}

test("a namespace or service account is not waited for on behalf of nobody", async () => {
  const clock = new VirtualClock();
  const reader = new FakeReader();
  const lifecycle = new NamespaceLifecycle(await following(reader, namespaces), reader, clock);
  assert.equal(await endsWith(new AbortController(), lifecycle, clock), gone);
  const accounts = await following(reader, serviceAccounts);
  const account = new ServiceAccountAdmission({ accounts, reader, clock, random: realRandom });
  assert.equal(await endsWith(new AbortController(), account, clock), gone);
  assert.equal(clock.pendingTimers, 0);
});

test("an image policy webhook is not asked again on behalf of nobody", async () => {
  const clock = new VirtualClock();
  let asked = 0;
  const caller = {
    post: async () => {
      asked++;
      const { WebhookCallError } = await import("../webhook/index.ts");
      throw new WebhookCallError("read: connection reset by peer");
    },
  };
  for (const defaultAllow of [false, true]) {
    asked = 0;
    const config = { allowTtlMs: 1, denyTtlMs: 1, retryBackoffMs: 500, defaultAllow };
    const plugin = new ImagePolicyWebhook({ caller, config, clock, random: realRandom });
    // Nor is the pod let in: who hangs up would be past the policy.
    assert.equal(await endsWith(new AbortController(), plugin, clock), gone);
    assert.deepEqual([asked, clock.pendingTimers], [1, 0]);
  }
});

test("a quota that others write is not tried again by a server that stops", async () => {
  const clock = new VirtualClock();
  const reader = new FakeReader();
  const hard = { pods: "5" };
  reader.put(resourceQuotas, {
    metadata: { name: "q", namespace: "ns", resourceVersion: "1" },
    spec: { hard },
    status: { hard, used: { pods: "0" } },
  } as ResourceQuota);
  const stop = new AbortController();
  const plugin = new ResourceQuotaAdmission({
    quotas: await following(reader, resourceQuotas),
    reader,
    cluster: {
      updateQuotaStatus: () => Promise.reject(conflict({ group: "", resource: "resourcequotas" }, "q", "no")),
    },
    clock,
    signal: stop.signal,
  });
  assert.equal(await endsWith(stop, plugin, clock, new AbortController()), gone);
  assert.equal(clock.pendingTimers, 0);
});
