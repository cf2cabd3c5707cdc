/** Custom objects that look like the benchmark's pods, and their definition. */

import type { Load } from "./load.ts";
import { alreadyThere, type Subject } from "./workload.ts";

const group = "bench.kubets.io";

export const custom: Subject = {
  apiVersion: `${group}/v1`,
  kind: "Workload",
  path: `/apis/${group}/v1/namespaces/default/workloads`,
};

const text = { type: "string" };
const texts = { type: "object", additionalProperties: text };
const of = (properties: object) => ({ type: "object", properties });
const listOf = (properties: object) => ({
  type: "array",
  items: { type: "object", required: ["name"], properties: { name: text, ...properties } },
  "x-kubernetes-list-type": "map",
  "x-kubernetes-list-map-keys": ["name"],
});

const container = {
  image: { type: "string", minLength: 1, maxLength: 200 },
  ports: { type: "array", items: of({ containerPort: { type: "integer", minimum: 1, maximum: 65535 }, name: text }) },
  env: listOf({ value: text, valueFrom: of({ fieldRef: of({ fieldPath: text }) }) }),
  resources: of({ requests: texts, limits: texts }),
  readinessProbe: of({
    httpGet: of({ path: text, port: text }),
    periodSeconds: { type: "integer", default: 10 },
    failureThreshold: { type: "integer", default: 3 },
  }),
  volumeMounts: { type: "array", items: of({ name: text, mountPath: text }) },
};

const benchCrd = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `workloads.${group}` },
  spec: {
    group,
    scope: "Namespaced",
    names: { kind: custom.kind, plural: "workloads", singular: "workload" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: of({
            spec: of({
              containers: listOf(container),
              volumes: listOf({ emptyDir: { type: "object" } }),
              terminationGracePeriodSeconds: { type: "integer", minimum: 0 },
              restartPolicy: { type: "string", enum: ["Always", "Never"], default: "Always" },
            }),
          }),
        },
      },
    ],
  },
};

/** Creates the definition, and waits until its objects are served. */
export async function prepareCustom(load: Load): Promise<void> {
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  await load.call(0, { method: "POST", path, body: JSON.stringify(benchCrd) }).catch(alreadyThere);
  for (let attempt = 0; ; attempt++) {
    try {
      await load.call(0, { method: "GET", path: custom.path });
      break;
    } catch (error) {
      if (attempt > 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  // A server may answer before it takes writes.
  await new Promise((resolve) => setTimeout(resolve, 2000));
}
