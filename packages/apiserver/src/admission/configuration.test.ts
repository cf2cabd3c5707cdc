import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAdmissionConfiguration } from "./configuration.ts";

const noFiles = async (path: string): Promise<string> => {
  throw new Error(`open ${path}: no such file or directory`);
};
const parse = (content: string, files: Record<string, string> = {}) =>
  parseAdmissionConfiguration(content, "/etc/kubernetes/admission.yaml", async (path) => files[path] ?? noFiles(path));

test("plugins' configurations, inline and in files", async () => {
  const text = `
apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
- name: PodSecurity
  configuration:
    apiVersion: pod-security.admission.config.k8s.io/v1
    kind: PodSecurityConfiguration
    defaults:
      enforce: baseline
      enforce-version: v1.30
    exemptions:
      namespaces: [kube-system]
- name: EventRateLimit
  path: events.yaml
- name: ResourceQuota
  configuration:
    apiVersion: apiserver.config.k8s.io/v1
    kind: ResourceQuotaConfiguration
    limitedResources:
    - resource: pods
      matchScopes:
      - scopeName: PriorityClass
        operator: In
        values: [high]
- name: PodNodeSelector
  path: /selectors.yaml
- name: MutatingAdmissionWebhook
  configuration:
    apiVersion: apiserver.config.k8s.io/v1
    kind: WebhookAdmissionConfiguration
    kubeConfigFile: hooks.conf
- name: ImagePolicyWebhook
  configuration:
    imagePolicy:
      kubeConfigFile: /images.conf
      allowTTL: 50
      denyTTL: -1
      defaultAllow: true
`;
  const files = {
    "/etc/kubernetes/events.yaml":
      "kind: Configuration\napiVersion: eventratelimit.admission.k8s.io/v1alpha1\nlimits:\n- {type: Server, qps: 50, burst: 100}\n",
    "/selectors.yaml": "podNodeSelectorPluginConfig:\n  clusterDefaultNodeSelector: env=dev\n",
  };
  assert.deepEqual(await parse(text, files), {
    PodSecurity: {
      apiVersion: "pod-security.admission.config.k8s.io/v1",
      kind: "PodSecurityConfiguration",
      defaults: { enforce: "baseline", "enforce-version": "v1.30" },
      exemptions: { namespaces: ["kube-system"] },
    },
    EventRateLimit: { limits: [{ type: "Server", qps: 50, burst: 100 }] },
    ResourceQuota: {
      limitedResources: [
        { resource: "pods", matchScopes: [{ scopeName: "PriorityClass", operator: "In", values: ["high"] }] },
      ],
    },
    PodNodeSelector: { clusterDefaultNodeSelector: "env=dev" },
    MutatingAdmissionWebhook: { kubeConfigFile: "/etc/kubernetes/hooks.conf" },
    ImagePolicyWebhook: {
      kubeConfigFile: "/images.conf",
      allowTtlMs: 50_000,
      denyTtlMs: 0,
      retryBackoffMs: 500,
      defaultAllow: true,
    },
  });
});

test("files of old without a kind, and what is wrong", async () => {
  const old = await parse("podNodeSelectorPluginConfig:\n  ns: a=b\n");
  assert.deepEqual(old, { PodNodeSelector: { ns: "a=b" } });
  const inline = (name: string, configuration: object) =>
    JSON.stringify({
      apiVersion: "apiserver.config.k8s.io/v1",
      kind: "AdmissionConfiguration",
      plugins: [{ name, configuration }],
    });
  const events = { apiVersion: "eventratelimit.admission.k8s.io/v1alpha1", kind: "Configuration" };
  const table: [string, RegExp][] = [
    ["kind: AdmissionConfiguration\n", /Object 'apiVersion' is missing/],
    [
      `{"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AdmissionConfiguration", "nope": 1}`,
      /unknown field "nope"/,
    ],
    [
      inline("EventRateLimit", { ...events, limits: [{ type: "Server", qps: 0, burst: 1 }] }),
      /limits\[0\]\.qps: Invalid value: 0: must be positive/,
    ],
    [
      inline("EventRateLimit", { ...events, limits: [{ type: "All", qps: 1, burst: 1 }] }),
      /limits\[0\]\.type: Unsupported value: "All"/,
    ],
    [
      inline("PodSecurity", {
        apiVersion: "pod-security.admission.config.k8s.io/v1",
        kind: "PodSecurityConfiguration",
        exemptions: { usernames: [""], namespaces: ["a", "a"] },
      }),
      /exemptions\.namespaces\[1\]: Duplicate value: "a", exemptions\.usernames\[0\]: Invalid value: "": username must/,
    ],
    [inline("PodSecurity", { apiVersion: "v1", kind: "Nope" }), /couldn't init admission plugin "PodSecurity"/],
    [inline("ImagePolicyWebhook", { imagePolicy: {} }), /no config file path specified/],
  ];
  for (const [text, want] of table) await assert.rejects(parse(text), want, text);
});
