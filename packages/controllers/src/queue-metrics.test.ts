/** What a control plane's process tells of its controllers' queues and requests, under the names that dashboards ask for. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { realClock } from "@kubets/apimachinery";
import { createClient } from "@kubets/client";
import { controllerManager } from "./controller-manager.ts";
import { defaultControllers } from "./default-controllers.ts";
import { admin, testServer } from "./testing/harness.ts";

/** Source: each controller's workqueue.TypedRateLimitingQueueConfig upstream. */
const upstreamNames = [
  ...["ClusterRoleAggregator", "cronjob", "daemonset", "deployment", "disruption", "endpoint", "endpoint_slice"],
  ...["endpoint_slice_mirroring", "garbage_collector_attempt_to_delete", "garbage_collector_attempt_to_orphan"],
  ...["ipaddresses", "job", "namespace", "node_lifecycle_controller", "noexec_taint_pod", "orphaned_pods_nodes"],
  ...["pvcprotection", "pvprotection", "replicaset", "replicationmanager", "resourcequota_primary"],
  ...["root_ca_cert_publisher", "serviceaccount", "statefulset", "ttl_jobs_to_delete", "vacprotection"],
];

test("each controller's queue is told of by upstream's name, and so are requests of this process", async (t) => {
  const stop = new AbortController();
  const ended: Promise<void>[] = [];
  t.after(async () => {
    stop.abort();
    await Promise.all(ended);
  });
  const server = testServer({ clock: realClock });
  const serving = server.start(stop.signal);
  ended.push(serving);
  await Promise.race([server.ready, serving]);
  const transport = server.transport(admin, "test");
  const client = createClient(transport);
  const controllers = defaultControllers({ rootCA: "ca" });
  const meters = (name: string) => server.queueMeter(name);
  const manager = controllerManager({ client, clientFor: () => client, controllers, meters, clock: realClock });
  const running = manager.start(stop.signal);
  ended.push(running);
  await Promise.race([manager.ready, running]);
  const get = (path: string) => ({ method: "GET", path, query: {} }) as const;
  await assert.rejects(transport.request(get("/api/v1/nodes/none")), { code: 404 });
  const text = await transport.requestText(get("/metrics"));
  const found = [...text.matchAll(/^workqueue_unfinished_work_seconds\{name="(.*)"\} /gm)].map(([, name]) => name);
  assert.deepEqual(found.sort(), [...upstreamNames].sort());
  assert.match(text, /^# HELP workqueue_adds_total \[BETA\] /m);
  assert.match(text, /^workqueue_longest_running_processor_seconds\{name="deployment"\} 0$/m);
  assert.match(text, /^rest_client_requests_total\{code="404",host="in-process",method="GET"\} [1-9]/m);
  assert.match(text, /^rest_client_request_duration_seconds_count\{host="in-process",verb="GET"\} [1-9]/m);
});
