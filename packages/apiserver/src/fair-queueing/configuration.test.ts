/** The configuration on a whole server: what is there from the start, what is kept, what is refused. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { realClock } from "@kubets/apimachinery";
import { withClusterServer } from "../testing/cluster-server.ts";
import type { Reply } from "../testing/server.ts";

const group = "/apis/flowcontrol.apiserver.k8s.io/v1";

/** Asks again until it is so: the controller works beside the requests. */
async function eventually<T>(read: () => Promise<T>, isRight: (value: T) => boolean): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    const value = await read();
    if (isRight(value) || attempt === 2000) return value;
    await realClock.sleep(10);
  }
}

test("a cluster has its levels and schemas, and keeps them", () =>
  withClusterServer(async ({ ask }) => {
    const { json } = await ask("GET", `${group}/prioritylevelconfigurations`);
    const names = json.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name);
    assert.deepEqual(names, [
      ...["catch-all", "exempt", "global-default", "leader-election"],
      ...["node-high", "system", "workload-high", "workload-low"],
    ]);
    assert.equal((await ask("GET", `${group}/flowschemas`)).json.items.length, 11);
    await ask("DELETE", `${group}/flowschemas/catch-all`);
    const back = await eventually(
      () => ask("GET", `${group}/flowschemas/catch-all`),
      ({ status }) => status === 200,
    );
    assert.equal(back.json.metadata.annotations["apf.kubernetes.io/autoupdate-spec"], "true");
    const merge = { headers: { "content-type": "application/merge-patch+json" } };
    const wide = { spec: { limited: { nominalConcurrencyShares: 77 } } };
    const system = `${group}/prioritylevelconfigurations/system`;
    const sharesOf = ({ json }: Reply) => json.spec.limited.nominalConcurrencyShares;
    assert.equal(sharesOf(await ask("PATCH", system, wide, merge)), 77);
    const restored = await eventually(
      () => ask("GET", system),
      (reply) => sharesOf(reply) === 30,
    );
    assert.equal(sharesOf(restored), 30);
    const own = { metadata: { annotations: { "apf.kubernetes.io/autoupdate-spec": "false" } }, ...wide };
    await ask("PATCH", system, own, merge);
    await realClock.sleep(50);
    assert.equal(sharesOf(await ask("GET", system)), 77);
  }));

test("a schema tells whether its level is there, and is used once it is", () =>
  withClusterServer(async ({ ask }) => {
    const schema = {
      apiVersion: "flowcontrol.apiserver.k8s.io/v1",
      kind: "FlowSchema",
      metadata: { name: "jane" },
      spec: {
        priorityLevelConfiguration: { name: "janes" },
        matchingPrecedence: 500,
        rules: [
          {
            subjects: [{ kind: "User", user: { name: "jane" } }],
            nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["/version"] }],
          },
        ],
      },
    };
    const created = await ask("POST", `${group}/flowschemas`, schema);
    const { uid } = created.json.metadata;
    const condition = ({ json }: Reply) => json.status?.conditions?.[0];
    const dangling = await eventually(
      () => ask("GET", `${group}/flowschemas/jane`),
      (reply) => condition(reply)?.status === "True",
    );
    const { lastTransitionTime, ...told } = condition(dangling);
    assert.match(lastTransitionTime, /^\d{4}-.*Z$/);
    assert.deepEqual(told, {
      type: "Dangling",
      status: "True",
      reason: "NotFound",
      message:
        'This FlowSchema references the PriorityLevelConfiguration object named "janes" but there is no such object',
    });
    const asJane = { headers: { authorization: "Bearer jane" } };
    const before = await ask("GET", "/version", undefined, asJane);
    assert.notEqual(before.headers["x-kubernetes-pf-flowschema-uid"], uid);
    const level = {
      apiVersion: "flowcontrol.apiserver.k8s.io/v1",
      kind: "PriorityLevelConfiguration",
      metadata: { name: "janes" },
      spec: { type: "Limited", limited: { limitResponse: { type: "Queue", queuing: {} } } },
    };
    assert.equal((await ask("POST", `${group}/prioritylevelconfigurations`, level)).status, 201);
    const found = await eventually(
      () => ask("GET", `${group}/flowschemas/jane`),
      (reply) => condition(reply)?.status === "False",
    );
    assert.equal(condition(found).reason, "Found");
    const after = await ask("GET", "/version", undefined, asJane);
    assert.equal(after.headers["x-kubernetes-pf-flowschema-uid"], uid);
  }));

test("what must stay as it is, and what makes no sense, is refused in upstream's words", () =>
  withClusterServer(async ({ ask }) => {
    const merge = { headers: { "content-type": "application/merge-patch+json" } };
    const fixed = await ask("PATCH", `${group}/flowschemas/exempt`, { spec: { matchingPrecedence: 3 } }, merge);
    assert.match(fixed.json.message, /spec of 'exempt' must equal the fixed value/);
    const exempt = { spec: { exempt: { nominalConcurrencyShares: 5 } } };
    assert.equal((await ask("PATCH", `${group}/prioritylevelconfigurations/exempt`, exempt, merge)).status, 200);
    const level = {
      metadata: { name: "x" },
      spec: {
        type: "Limited",
        limited: { lendablePercent: 101, limitResponse: { type: "Queue", queuing: { queues: 2, handSize: 3 } } },
      },
    };
    const { json } = await ask("POST", `${group}/prioritylevelconfigurations`, level);
    const causes = json.details.causes.map(({ field, message }: { field: string; message: string }) => [
      field,
      message,
    ]);
    assert.deepEqual(causes, [
      ["spec.limited.limitResponse.queuing.handSize", "Invalid value: 3: should not be greater than queues (2)"],
      ["spec.limited.lendablePercent", "Invalid value: 101: must be between 0 and 100, inclusive"],
    ]);
  }));

test("dumps show levels, queues and requests; without fair queueing there are none", async () => {
  const root = "/debug/api_priority_and_fairness";
  await withClusterServer(async ({ ask }) => {
    const levels = (await ask("GET", `${root}/dump_priority_levels`)).text.split("\n");
    assert.match(levels[0]!, /^PriorityLevelName, ActiveQueues, IsIdle, /);
    assert.match(levels[1]!, /^catch-all, {9}0, {12}true, {3}false, /);
    assert.match((await ask("GET", `${root}/dump_queues`)).text, /^leader-election, +15, +0, +0, +0, +0\.0{8}ss, /m);
    const requests = (await ask("GET", `${root}/dump_requests?includeRequestDetails=1`)).text;
    assert.match(requests, /^exempt, +exempt, +-1, +-1, .* root, +get, +\/debug\/api_priority_and_fairness\/dump_req/m);
  });
  await withClusterServer(
    async ({ ask }) => {
      assert.equal((await ask("GET", `${root}/dump_priority_levels`)).status, 404);
      assert.equal((await ask("GET", `${group}/flowschemas`)).json.items.length, 0);
    },
    { enablePriorityAndFairness: false },
  );
});
