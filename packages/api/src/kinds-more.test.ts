import assert from "node:assert/strict";
import { test } from "node:test";
import { deepFreeze, type FieldError, type KubeObject } from "@kubets/apimachinery";
import { findDefinition } from "./catalogue.ts";
import type { ResourceDefinition } from "./definition.ts";

/** Validation and columns of batch, storage, network and policy kinds. */

type Thing = KubeObject & Record<string, unknown>;
const context = { now: 0, uuid: () => "uid", random: () => 0 };
const texts = (errors: readonly FieldError[] | undefined) => (errors ?? []).map((e) => `${e.field}: ${e.message}`);

function kind(group: string, plural: string, version = "v1"): ResourceDefinition {
  const definition = findDefinition(group, version, plural);
  assert.ok(definition, plural);
  return definition;
}

const container = { name: "a", image: "b", terminationMessagePolicy: "File", imagePullPolicy: "Always" };
const template = (restartPolicy: string) => ({ spec: { containers: [{ ...container }], restartPolicy } });

test("a job gets its defaults, a selector and matching labels from its uid, and is valid", () => {
  const { strategy } = kind("batch", "jobs");
  const job: Thing = { metadata: { name: "j", uid: "u" }, spec: { template: template("Never") } };
  strategy.setDefaults?.(job);
  strategy.prepareForCreate?.(job, context);
  assert.deepEqual(texts(strategy.validate?.(job)), []);
  const spec = job["spec"] as { selector: unknown; backoffLimit: number; template: { metadata: { labels: object } } };
  assert.deepEqual(spec.selector, { matchLabels: { "batch.kubernetes.io/controller-uid": "u" } });
  assert.equal(spec.backoffLimit, 6);
  assert.deepEqual(spec.template.metadata.labels, {
    "controller-uid": "u",
    "job-name": "j",
    "batch.kubernetes.io/controller-uid": "u",
    "batch.kubernetes.io/job-name": "j",
  });
});

test("a job may not restart its pods always, nor change its template", () => {
  const { strategy } = kind("batch", "jobs");
  const job = (image: string, policy = "Never"): Thing => {
    const made: Thing = { metadata: { name: "j", uid: "u" }, spec: { template: template(policy) } };
    (made["spec"] as { template: { spec: { containers: { image: string }[] } } }).template.spec.containers[0]!.image =
      image;
    strategy.setDefaults?.(made);
    strategy.prepareForCreate?.(made, context);
    return made;
  };
  assert.deepEqual(texts(strategy.validate?.(job("b", "Always"))), [
    'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
  ]);
  const errors = texts(strategy.validateUpdate?.(job("c"), deepFreeze(job("b"))));
  assert.equal(errors.length, 1);
  assert.match(errors[0]!, /^spec\.template: Invalid value: .*: field is immutable$/);
});

const invalid: [ResourceDefinition, object: Thing, ...expected: string[]][] = [
  [
    kind("", "persistentvolumeclaims"),
    { spec: {} },
    "spec.accessModes: Required value: at least 1 access mode is required",
    "spec.resources[storage]: Required value",
  ],
  [
    kind("", "persistentvolumes"),
    { spec: { accessModes: ["Odd"], capacity: { storage: "0" } } },
    'spec.accessModes: Unsupported value: "Odd": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
    'spec.capacity[storage]: Invalid value: "0": must be greater than zero',
    "spec: Required value: must specify a volume type",
  ],
  [
    kind("", "limitranges"),
    {
      spec: { limits: [{ type: "Pod", default: { cpu: "1" }, min: { cpu: "2" }, max: { cpu: "1" } }, { type: "Pod" }] },
    },
    "spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'",
    'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
    'spec.limits[1].type: Duplicate value: "Pod"',
  ],
  [
    kind("", "resourcequotas"),
    { spec: { hard: { pods: "1500m", odd: "1" }, scopes: ["BestEffort", "NotBestEffort"] } },
    'spec.hard[pods]: Invalid value: "1500m": must be an integer',
    'spec.hard[odd]: Invalid value: "odd": must be a standard resource type or fully qualified',
    'spec.hard[odd]: Invalid value: "odd": must be a standard resource for quota',
    'spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes',
  ],
  [
    kind("policy", "poddisruptionbudgets"),
    { spec: { minAvailable: "150%", maxUnavailable: -1 } },
    'spec: Invalid value: {"minAvailable":"150%","maxUnavailable":-1}: minAvailable and maxUnavailable cannot be both set',
    'spec.minAvailable: Invalid value: "150%": must not be greater than 100%',
    "spec.maxUnavailable: Invalid value: -1: must be greater than or equal to 0",
  ],
  [
    kind("networking.k8s.io", "networkpolicies"),
    {
      spec: {
        podSelector: {},
        ingress: [{ from: [{}, { ipBlock: { cidr: "10.0.0.0/8", except: ["11.0.0.0/16"] } }] }],
      },
    },
    "spec.ingress[0].from[0]: Required value: must specify a peer",
    'spec.ingress[0].from[1].ipBlock.except[0]: Invalid value: "11.0.0.0/16": must be a strict subset of `cidr`',
  ],
  [
    kind("admissionregistration.k8s.io", "validatingwebhookconfigurations"),
    {
      webhooks: [
        {
          name: "a.b",
          admissionReviewVersions: ["v1"],
          sideEffects: "None",
          clientConfig: { url: "http://x" },
          rules: [{ operations: ["*", "CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods"] }],
        },
      ],
    },
    'webhooks[0].name: Invalid value: "a.b": should be a domain with at least three segments separated by dots',
    'webhooks[0].rules[0].operations: Invalid value: ["*","CREATE"]: if \'*\' is present, must not specify other operations',
    "webhooks[0].clientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL scheme; desired format: https://host[/path]",
  ],
];

for (const [{ strategy, kind: name }, object, ...expected] of invalid) {
  test(`${name} is refused: ${expected[0]?.slice(0, 60)}`, () => {
    assert.deepEqual(texts(strategy.validate?.(object)), expected);
  });
}

test("a bound claim may grow, and nothing else of it changes", () => {
  const { strategy } = kind("", "persistentvolumeclaims");
  const claim = (storage: string, mode = "ReadWriteOnce"): Thing => ({
    spec: { accessModes: [mode], resources: { requests: { storage } }, volumeName: "v", volumeMode: "Filesystem" },
    status: { phase: "Bound", capacity: { storage: "1Gi" } },
  });
  assert.deepEqual(texts(strategy.validateUpdate?.(claim("2Gi"), claim("1Gi"))), []);
  assert.deepEqual(texts(strategy.validateUpdate?.(claim("1Gi", "ReadWriteMany"), claim("1Gi"))), [
    "spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
  ]);
});

const rows: [ResourceDefinition, object: Thing, cells: unknown[]][] = [
  [
    kind("batch", "jobs"),
    {
      metadata: { name: "j" },
      spec: { completions: 3, template: { spec: { containers: [container] } }, selector: { matchLabels: { a: "b" } } },
      status: { succeeded: 1, startTime: "1969-12-31T23:55:00Z" },
    },
    ["j", "Running", "1/3", "5m", "<unknown>", "a", "b", "a=b"],
  ],
  [
    kind("", "persistentvolumes"),
    {
      metadata: { name: "v" },
      spec: {
        capacity: { storage: "1Gi" },
        accessModes: ["ReadWriteMany", "ReadWriteOnce"],
        claimRef: { namespace: "n", name: "c" },
        storageClassName: "s",
        persistentVolumeReclaimPolicy: "Retain",
      },
      status: { phase: "Bound" },
    },
    ["v", "1Gi", "RWO,RWX", "Retain", "Bound", "n/c", "s", "<unset>", "", "<unknown>", "<unset>"],
  ],
  [
    kind("autoscaling", "horizontalpodautoscalers", "v1"),
    {
      metadata: { name: "h" },
      spec: {
        minReplicas: 1,
        maxReplicas: 3,
        scaleTargetRef: { kind: "Deployment", name: "d" },
        targetCPUUtilizationPercentage: 50,
      },
      status: { currentReplicas: 2, currentCPUUtilizationPercentage: 10 },
    },
    ["h", "Deployment/d", "cpu: 10%/50%", "1", 3, 2, "<unknown>"],
  ],
  [
    kind("networking.k8s.io", "ingresses"),
    {
      metadata: { name: "i" },
      spec: { rules: [{ host: "a" }, {}, { host: "b" }], tls: [{}] },
      status: { loadBalancer: { ingress: [{ ip: "1.2.3.4" }] } },
    },
    ["i", "<none>", "a,b", "1.2.3.4", "80, 443", "<unknown>"],
  ],
  [
    kind("", "resourcequotas"),
    { metadata: { name: "q" }, status: { hard: { pods: "3", "limits.cpu": "2" }, used: { pods: "1" } } },
    ["q", "pods: 1/3", "limits.cpu: 0/2", "<unknown>"],
  ],
];

for (const [{ columns = [], kind: name }, object, cells] of rows) {
  test(`columns of ${name}`, () =>
    assert.deepEqual(
      columns.map((column) => column.value(object, context)),
      cells,
    ));
}
