/** What is asked of a server: the same calls whichever server it is. */

import type { Call, Load } from "./load.ts";

/** The kind that the calls are about. */
export interface Subject {
  readonly apiVersion: string;
  readonly kind: string;
  /** Of its objects. */
  readonly path: string;
}

export const podsPath = "/api/v1/namespaces/bench/pods";
export const podKind: Subject = { apiVersion: "v1", kind: "Pod", path: podsPath };

/** A pod as a ReplicaSet would make it: about 1 KB as sent, 2 to 3 KB as stored. A custom object looks the same. */
export function object({ apiVersion, kind }: Subject, name: string): string {
  return JSON.stringify({
    apiVersion,
    kind,
    metadata: {
      name,
      labels: { app: "bench", "pod-template-hash": "5d59d67564", tier: "frontend" },
      annotations: { "kubets.io/bench": "a pod of the benchmark" },
    },
    spec: {
      containers: [
        {
          name: "web",
          image: "registry.example/web:1.27",
          ports: [{ containerPort: 8080, name: "http" }],
          env: [
            { name: "PORT", value: "8080" },
            { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
          ],
          resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "256Mi" } },
          readinessProbe: { httpGet: { path: "/ready", port: "http" }, periodSeconds: 5 },
          volumeMounts: [{ name: "cache", mountPath: "/cache" }],
        },
      ],
      volumes: [{ name: "cache", emptyDir: {} }],
      terminationGracePeriodSeconds: 30,
    },
  });
}

export const create =
  (prefix: string, subject = podKind) =>
  (index: number): Call => ({
    method: "POST",
    path: subject.path,
    body: object(subject, `${prefix}${index}`),
  });

export const get =
  (count: number, { path } = podKind) =>
  (index: number): Call => ({
    method: "GET",
    path: `${path}/p${index % count}`,
  });

export const listOf =
  ({ path }: Subject) =>
  (): Call => ({ method: "GET", path });

export const list = listOf(podKind);

export const mergePatch =
  (count: number, { path } = podKind) =>
  (index: number): Call => ({
    method: "PATCH",
    path: `${path}/p${index % count}`,
    contentType: "application/merge-patch+json",
    body: JSON.stringify({ metadata: { labels: { round: String(index) } } }),
  });

export const strategicPatch =
  (count: number, subject = podKind) =>
  (index: number): Call => ({
    ...mergePatch(count, subject)(index),
    contentType: "application/strategic-merge-patch+json",
    body: JSON.stringify({
      metadata: { annotations: { round: String(index) } },
      spec: { containers: [{ name: "web", image: `registry.example/web:1.${index}` }] },
    }),
  });

export const applyPatch =
  (count: number, { apiVersion, kind, path } = podKind) =>
  (index: number): Call => ({
    method: "PATCH",
    path: `${path}/p${index % count}?fieldManager=bench-apply&force=true`,
    contentType: "application/apply-patch+yaml",
    body: JSON.stringify({
      apiVersion,
      kind,
      metadata: { name: `p${index % count}`, labels: { applied: String(index) } },
    }),
  });

/** A namespace with its service account, and an ordinary user who may do what the benchmark does. */
export async function prepare(load: Load): Promise<void> {
  const post = (path: string, body: object) => load.call(0, { method: "POST", path, body: JSON.stringify(body) });
  await post("/api/v1/namespaces", { metadata: { name: "bench" } }).catch(alreadyThere);
  await post("/api/v1/namespaces/bench/serviceaccounts", { metadata: { name: "default" } }).catch(alreadyThere);
  const verbs = ["get", "list", "watch", "create", "update", "patch", "delete"];
  await post("/apis/rbac.authorization.k8s.io/v1/clusterroles", {
    metadata: { name: "bench" },
    rules: [{ apiGroups: [""], resources: ["pods"], verbs }],
  }).catch(alreadyThere);
  await post("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
    metadata: { name: "bench" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "bench" },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "bench" }],
  }).catch(alreadyThere);
}

export function alreadyThere(error: unknown): void {
  if (!String(error).includes("AlreadyExists")) throw error;
}
