import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "../generated/types.ts";
import { podOf, podWithContainer, type Refusal, texts } from "./pod-test-objects.ts";
import { validatePodBinding, validatePodCreate } from "./pod-validation.ts";

type Case = [rule: string, accepted: Pod, refused: Pod, because: Refusal[]];

const label =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

function run(cases: readonly Case[]): void {
  for (const [rule, accepted, refused, because] of cases) {
    assert.deepEqual(texts(validatePodCreate(accepted)), [], `${rule}: accepted`);
    assert.deepEqual(texts(validatePodCreate(refused)), because, `${rule}: refused`);
  }
}

const ok = podOf();

test("what a container must have", () => {
  run([
    ["containers", ok, podOf({ containers: [] }), ["spec.containers: Required value"]],
    [
      "name",
      ok,
      podOf({ containers: [{ name: "App", image: "nginx" }] }),
      [`spec.containers[0].name: Invalid value: "App": ${label}`],
    ],
    ["image", ok, podOf({ containers: [{ name: "app" }] }), ["spec.containers[0].image: Required value"]],
    [
      "spaces around an image",
      ok,
      podWithContainer({ image: " nginx" }),
      ['spec.containers[0].image: Invalid value: " nginx": must not have leading or trailing whitespace'],
    ],
    [
      "names are unique",
      podOf({
        containers: [
          { name: "a", image: "x" },
          { name: "b", image: "x" },
        ],
      }),
      podOf({
        containers: [
          { name: "a", image: "x" },
          { name: "a", image: "x" },
        ],
      }),
      ['spec.containers[1].name: Duplicate value: "a"'],
    ],
    [
      "pull policy",
      podWithContainer({ imagePullPolicy: "Never" }),
      podWithContainer({ imagePullPolicy: "Sometimes" }),
      [
        'spec.containers[0].imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"',
      ],
    ],
    [
      "restart policy of a container",
      podWithContainer({ restartPolicy: "Never" }),
      podWithContainer({ restartPolicyRules: [{ action: "Restart", exitCodes: { operator: "In", values: [1] } }] }),
      ["spec.containers[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used"],
    ],
  ]);
});

test("ports", () => {
  run([
    [
      "numbers",
      podWithContainer({ ports: [{ containerPort: 80 }] }),
      podWithContainer({ ports: [{ containerPort: 70000 }] }),
      ["spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive"],
    ],
    [
      "names",
      podWithContainer({ ports: [{ name: "http", containerPort: 80 }] }),
      podWithContainer({
        ports: [
          { name: "http", containerPort: 80 },
          { name: "http", containerPort: 81 },
        ],
      }),
      ['spec.containers[0].ports[1].name: Duplicate value: "http"'],
    ],
    [
      "host ports",
      podWithContainer({
        ports: [
          { containerPort: 80, hostPort: 80 },
          { containerPort: 80, hostPort: 80, protocol: "UDP" },
        ],
      }),
      podWithContainer({
        ports: [
          { containerPort: 80, hostPort: 80 },
          { containerPort: 81, hostPort: 80 },
        ],
      }),
      ['spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//80"'],
    ],
    [
      "protocol",
      podWithContainer({ ports: [{ containerPort: 80, protocol: "SCTP" }] }),
      podWithContainer({ ports: [{ containerPort: 80, protocol: "tcp" }] }),
      ['spec.containers[0].ports[0].protocol: Unsupported value: "tcp": supported values: "SCTP", "TCP", "UDP"'],
    ],
    [
      "host network",
      podWithContainer({ ports: [{ containerPort: 80 }] }, { hostNetwork: true }),
      podWithContainer({ ports: [{ containerPort: 80, hostPort: 81 }] }, { hostNetwork: true }),
      [
        "spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true",
      ],
    ],
  ]);
});

test("environment", () => {
  const env = (valueFrom: object, value?: string) =>
    podWithContainer({ env: [{ name: "A", valueFrom, ...(value === undefined ? {} : { value }) }] });
  run([
    [
      "names",
      podWithContainer({ env: [{ name: "a.b" }] }),
      podWithContainer({ env: [{ name: "a=b" }] }),
      [
        `spec.containers[0].env[0].name: Invalid value: "a=b": a valid environment variable name must consist only of printable ASCII characters other than '='`,
      ],
    ],
    [
      "fieldRef",
      env({ fieldRef: { fieldPath: "metadata.labels['a']" } }),
      env({ fieldRef: { fieldPath: "metadata.whole" } }),
      [
        'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: "metadata.whole": error converting fieldPath: field label not supported: metadata.whole',
      ],
    ],
    [
      "a path that volumes have",
      env({ fieldRef: { fieldPath: "status.podIP" } }),
      env({ fieldRef: { fieldPath: "metadata.labels" } }),
      [
        'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "metadata.labels": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"',
      ],
    ],
    [
      "resourceFieldRef",
      env({ resourceFieldRef: { resource: "limits.cpu", divisor: "1m" } }),
      env({ resourceFieldRef: { resource: "limits.cpu", divisor: "2m" } }),
      [
        `spec.containers[0].env[0].valueFrom.resourceFieldRef.divisor: Invalid value: "limits.cpu": only divisor's values 1m and 1 are supported with the cpu resource`,
      ],
    ],
    [
      "keys",
      env({ configMapKeyRef: { name: "c", key: "k" } }),
      env({ secretKeyRef: { name: "c", key: "" } }),
      ["spec.containers[0].env[0].valueFrom.secretKeyRef.key: Required value"],
    ],
    [
      "value and valueFrom",
      env({ configMapKeyRef: { name: "c", key: "k" } }),
      env({ configMapKeyRef: { name: "c", key: "k" } }, "x"),
      ['spec.containers[0].env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty'],
    ],
    [
      "envFrom",
      podWithContainer({ envFrom: [{ configMapRef: { name: "c" } }] }),
      podWithContainer({ envFrom: [{}] }),
      ['spec.containers[0].envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`'],
    ],
  ]);
});

test("resources", () => {
  const resources = (requests: Record<string, string>, limits: Record<string, string> = {}) =>
    podWithContainer({ resources: { requests, limits } });
  run([
    [
      "requests within limits",
      resources({ cpu: "1" }, { cpu: "1" }),
      resources({ cpu: "2" }, { cpu: "1" }),
      ['spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'],
    ],
    [
      "known names",
      resources({ memory: "1Gi" }),
      resources({ memori: "1Gi" }),
      [
        'spec.containers[0].resources.requests[memori]: Invalid value: "memori": must be a standard resource type or fully qualified',
        'spec.containers[0].resources.requests[memori]: Invalid value: "memori": must be a standard resource for containers',
      ],
    ],
    [
      "not negative",
      resources({ cpu: "0" }),
      resources({ cpu: "-1" }),
      ['spec.containers[0].resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0'],
    ],
    [
      "devices are whole and not overcommitted",
      resources({}, { "example.com/gpu": "1" }),
      resources({ "example.com/gpu": "1" }),
      ["spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources"],
    ],
    [
      "huge pages need memory",
      resources({}, { "hugepages-2Mi": "4Mi", memory: "1Gi" }),
      resources({}, { "hugepages-2Mi": "4Mi" }),
      ["spec.containers[0].resources: Forbidden: HugePages require cpu or memory"],
    ],
    [
      "claims",
      podWithContainer(
        { resources: { claims: [{ name: "gpu" }] } },
        { resourceClaims: [{ name: "gpu", resourceClaimName: "g" }] },
      ),
      podWithContainer({ resources: { claims: [{ name: "gpu" }] } }),
      [
        'spec.containers[0].resources.claims[0]: Not found: "gpu": must be one of the names in pod.spec.resourceClaims which is empty',
      ],
    ],
  ]);
});

test("probes and hooks", () => {
  run([
    [
      "a handler",
      podWithContainer({ livenessProbe: { exec: { command: ["true"] } } }),
      podWithContainer({ livenessProbe: {} }),
      ["spec.containers[0].livenessProbe: Required value: must specify a handler type"],
    ],
    [
      "only one",
      ok,
      podWithContainer({ readinessProbe: { tcpSocket: { port: 80 }, grpc: { port: 80 } } }),
      ["spec.containers[0].readinessProbe.grpc: Forbidden: may not specify more than 1 handler type"],
    ],
    [
      "one success is enough",
      podWithContainer({ readinessProbe: { tcpSocket: { port: 80 }, successThreshold: 2 } }),
      podWithContainer({ livenessProbe: { tcpSocket: { port: 80 }, successThreshold: 2 } }),
      ["spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1"],
    ],
    [
      "port names",
      podWithContainer({ livenessProbe: { httpGet: { port: "http" } } }),
      podWithContainer({ livenessProbe: { httpGet: { port: "-" } } }),
      [
        'spec.containers[0].livenessProbe.httpGet.port: Invalid value: "-": must contain at least one letter (a-z)',
        'spec.containers[0].livenessProbe.httpGet.port: Invalid value: "-": must not begin or end with a hyphen',
      ],
    ],
    [
      "sleep within the grace period",
      podWithContainer({ lifecycle: { preStop: { sleep: { seconds: 30 } } } }),
      podWithContainer({ lifecycle: { preStop: { sleep: { seconds: 31 } } } }),
      [
        "spec.containers[0].lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)",
      ],
    ],
  ]);
});

test("init and ephemeral containers", () => {
  const init = (more: object) => podOf({ initContainers: [{ name: "init", image: "x", ...more }] });
  const probe = { livenessProbe: { exec: { command: ["true"] } } };
  run([
    [
      "probes are for sidecars",
      init({ ...probe, restartPolicy: "Always" }),
      init(probe),
      [
        "spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always",
      ],
    ],
    ["names across kinds", init({}), init({ name: "app" }), ['spec.initContainers[0].name: Duplicate value: "app"']],
    [
      "not in a new Pod",
      ok,
      podOf({ ephemeralContainers: [{ name: "debug", image: "x" }] }),
      ["spec.ephemeralContainers: Forbidden: cannot be set on create"],
    ],
    [
      "no ports in them",
      ok,
      podOf({ ephemeralContainers: [{ name: "debug", image: "x", ports: [{ containerPort: 80 }] }] }),
      [
        "spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container",
        "spec.ephemeralContainers: Forbidden: cannot be set on create",
      ],
    ],
  ]);
});

test("volumes and mounts", () => {
  const volume = (source: object) => podOf({ volumes: [{ name: "v", ...source }] });
  const mount = (more: object) =>
    podWithContainer({ volumeMounts: [{ name: "v", mountPath: "/v", ...more }] }, { volumes: [{ name: "v" }] });
  run([
    [
      "one source",
      volume({ emptyDir: {} }),
      volume({ emptyDir: {}, hostPath: { path: "/" } }),
      ["spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type"],
    ],
    [
      "unique names",
      ok,
      podOf({ volumes: [{ name: "v" }, { name: "v" }] }),
      ['spec.volumes[1].name: Duplicate value: "v"'],
    ],
    [
      "host paths",
      volume({ hostPath: { path: "/a" } }),
      volume({ hostPath: { path: "/a/../b" } }),
      [`spec.volumes[0].hostPath.path: Invalid value: "/a/../b": must not contain '..'`],
    ],
    [
      "file modes",
      volume({ secret: { secretName: "s", defaultMode: 0o600 } }),
      volume({ configMap: { name: "c", defaultMode: 0o1000 } }),
      [
        "spec.volumes[0].configMap.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive",
      ],
    ],
    [
      "keys to files",
      volume({ configMap: { name: "c", items: [{ key: "k", path: "a/b" }] } }),
      volume({ configMap: { name: "c", items: [{ key: "k", path: "..b" }] } }),
      [`spec.volumes[0].configMap.items[0].path: Invalid value: "..b": must not start with '..'`],
    ],
    [
      "tokens need an account",
      ok,
      volume({ projected: { sources: [{ serviceAccountToken: { path: "t" } }] } }),
      [
        "spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: must not be specified when serviceAccountName is not set",
      ],
    ],
    ["a mount's volume", mount({}), mount({ name: "w" }), ['spec.containers[0].volumeMounts[0].name: Not found: "w"']],
    [
      "sub-paths",
      mount({ subPath: "a" }),
      mount({ subPath: "/a" }),
      ['spec.containers[0].volumeMounts.subPath: Invalid value: "/a": must be a relative path'],
    ],
    [
      "propagation",
      mount({ mountPropagation: "HostToContainer" }),
      mount({ mountPropagation: "Bidirectional" }),
      [
        "spec.containers[0].volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers",
      ],
    ],
  ]);
});

test("scheduling", () => {
  const toleration = (each: object) => podOf({ tolerations: [each] });
  const spread = (each: object) =>
    podOf({
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule", labelSelector: {}, ...each },
      ],
    });
  const node = (requirement: object) =>
    podOf({
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [requirement as never] }],
          },
        },
      },
    });
  const nodePath =
    "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0]";
  run([
    [
      "tolerations",
      toleration({ operator: "Exists" }),
      toleration({ operator: "Equal" }),
      [
        'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
      ],
    ],
    [
      "seconds",
      toleration({ key: "a", operator: "Exists", effect: "NoExecute", tolerationSeconds: 3 }),
      toleration({ key: "a", operator: "Exists", tolerationSeconds: 3 }),
      [`spec.tolerations[0].effect: Invalid value: "": effect must be 'NoExecute' when \`tolerationSeconds\` is set`],
    ],
    [
      "spread",
      spread({}),
      spread({ maxSkew: 0, whenUnsatisfiable: "Maybe" }),
      [
        "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
        'spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: "Maybe": supported values: "DoNotSchedule", "ScheduleAnyway"',
      ],
    ],
    [
      "node affinity",
      node({ key: "a", operator: "In", values: ["b"] }),
      node({ key: "a", operator: "In" }),
      [`${nodePath}.values: Required value: must be specified when \`operator\` is 'In' or 'NotIn'`],
    ],
    [
      "gates and node",
      podOf({ schedulingGates: [{ name: "wait" }] }),
      podOf({ schedulingGates: [{ name: "wait" }], nodeName: "n" }),
      ["spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared"],
    ],
    [
      "pod affinity needs a topology",
      ok,
      podOf({ affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: "" }] } } }),
      [
        "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Required value: can not be empty",
        'spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: "": name part must be non-empty',
        "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      ],
    ],
  ]);
});

test("security, operating system and names", () => {
  const secure = (securityContext: object) => podWithContainer({ securityContext });
  run([
    [
      "escalation",
      secure({ privileged: true }),
      secure({ privileged: true, allowPrivilegeEscalation: false }),
      [
        'spec.containers[0].securityContext: Invalid value: {"privileged":true,"allowPrivilegeEscalation":false}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
      ],
    ],
    [
      "seccomp",
      secure({ seccompProfile: { type: "RuntimeDefault" } }),
      secure({ seccompProfile: { type: "Localhost" } }),
      [
        "spec.containers[0].securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost",
      ],
    ],
    [
      "users",
      secure({ runAsUser: 0 }),
      secure({ runAsUser: -1 }),
      ["spec.containers[0].securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive"],
    ],
    [
      "sysctls",
      podOf({ securityContext: { sysctls: [{ name: "kernel/shm_rmid_forced", value: "1" }] } }),
      podOf({ hostNetwork: true, securityContext: { sysctls: [{ name: "net.ipv4.ip_forward", value: "1" }] } }),
      [
        `spec.securityContext.sysctls[0].name: Invalid value: "net.ipv4.ip_forward": may not be specified when 'hostNetwork' is true`,
      ],
    ],
    [
      "user namespaces",
      podOf({ hostUsers: false }),
      podOf({ hostUsers: false, hostPID: true }),
      ["spec.HostPID: Forbidden: when `pod.Spec.HostUsers` is false"],
    ],
    [
      "os",
      podOf({ os: { name: "linux" } }),
      podOf({ os: { name: "windows" }, securityContext: { runAsUser: 1 } }),
      ["spec.securityContext.runAsUser: Forbidden: cannot be set for a windows pod"],
    ],
    [
      "restart policy",
      podOf({ restartPolicy: "OnFailure" }),
      podOf({ restartPolicy: "Maybe" }),
      ['spec.restartPolicy: Unsupported value: "Maybe": supported values: "Always", "OnFailure", "Never"'],
    ],
    [
      "dns",
      podOf({ dnsPolicy: "None", dnsConfig: { nameservers: ["1.1.1.1"] } }),
      podOf({ dnsPolicy: "None" }),
      ["spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"],
    ],
    [
      "host aliases",
      podOf({ hostAliases: [{ ip: "127.0.0.1", hostnames: ["a.b"] }] }),
      podOf({ hostAliases: [{ ip: "x" }] }),
      ['spec.hostAliases[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
    ],
    [
      "deadline",
      podOf({ activeDeadlineSeconds: 1 }),
      podOf({ activeDeadlineSeconds: 0 }),
      ["spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"],
    ],
    [
      "mirror pods",
      podOf({ nodeName: "n" }, { annotations: { "kubernetes.io/config.mirror": "x" } }),
      podOf({}, { annotations: { "kubernetes.io/config.mirror": "x" } }),
      [
        'metadata.annotations[kubernetes.io/config.mirror]: Invalid value: "x": must set spec.nodeName if mirror pod annotation is set',
      ],
    ],
    [
      "deletion cost",
      podOf({}, { annotations: { "controller.kubernetes.io/pod-deletion-cost": "-5" } }),
      podOf({}, { annotations: { "controller.kubernetes.io/pod-deletion-cost": "+5" } }),
      [
        'metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: "+5": must be a 32bit integer',
      ],
    ],
    [
      "overhead",
      podOf({ overhead: { cpu: "1m" } }),
      podOf({ overhead: { cpu: "-1m" } }),
      ['spec.overhead.limits[cpu]: Invalid value: "-1m": must be greater than or equal to 0'],
    ],
  ]);
});

test("bindings", () => {
  assert.deepEqual(texts(validatePodBinding({ target: { kind: "Node", name: "n" } })), []);
  assert.deepEqual(texts(validatePodBinding({ target: { kind: "Rack" } })), [
    'target.kind: Unsupported value: "Rack": supported values: "Node", "<empty>"',
    "target.name: Required value",
  ]);
});
