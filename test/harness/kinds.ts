/** For each built-in kind: an object that is valid, and what may be written to its status. */

export interface KindSample {
  /** `apps/v1/deployments` */
  readonly resource: string;
  readonly kind: string;
  /** All but apiVersion, kind and metadata. */
  readonly body: (index: number) => Record<string, unknown>;
  /** The name, where the kind has an opinion about it. */
  readonly name?: (index: number) => string;
  readonly annotations?: Record<string, string>;
  /** A merge patch of `status`, held against what comes back. */
  readonly status?: Record<string, unknown>;
  /** Whether metadata cannot be changed by way of the status. */
  readonly statusKeepsMetadata?: boolean;
  /** How long a controller keeps it after its deletion. */
  readonly lingersMs?: number;
}

const labels = { app: "sample" };
const selector = { matchLabels: labels };
const container = { name: "main", image: "registry.k8s.io/pause:3.10" };
const podSpec = { containers: [container] };
const template = { metadata: { labels }, spec: podSpec };
const time = "2024-01-01T00:00:00Z";
const condition = (type: string) => ({ type, status: "True", reason: "E2E", message: "Set from e2e test" });
const timed = (type: string) => ({ ...condition(type), lastTransitionTime: time });
const webhook = {
  name: "hook.example.com",
  clientConfig: { url: "https://127.0.0.1:1/" },
  rules: [{ apiGroups: ["none.example.com"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["nothings"] }],
  sideEffects: "None",
  admissionReviewVersions: ["v1"],
};
const matchNothing = { resourceRules: webhook.rules };
const capacity = { storage: "1Gi" };

/** @param request a PEM certificate request
 * @param certificate its answer */
export function kindSamples(request: string, certificate: string): KindSample[] {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  return [
    { resource: "v1/configmaps", kind: "ConfigMap", body: () => ({ data: { a: "b" } }) },
    {
      resource: "v1/endpoints",
      kind: "Endpoints",
      body: () => ({ subsets: [{ addresses: [{ ip: "10.1.2.3" }], ports: [{ port: 80 }] }] }),
    },
    { resource: "v1/limitranges", kind: "LimitRange", body: () => ({ spec: { limits: [{ type: "Pod" }] } }) },
    {
      resource: "v1/namespaces",
      kind: "Namespace",
      body: () => ({}),
      status: { conditions: [{ ...timed("StatusPatch") }] },
    },
    {
      resource: "v1/nodes",
      kind: "Node",
      body: () => ({}),
      status: { conditions: [{ ...condition("TestingGround"), lastHeartbeatTime: time, lastTransitionTime: time }] },
    },
    {
      resource: "v1/persistentvolumeclaims",
      kind: "PersistentVolumeClaim",
      body: () => ({
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: capacity }, storageClassName: "e2e" },
      }),
      status: { conditions: [timed("StatusPatched")] },
    },
    {
      resource: "v1/persistentvolumes",
      kind: "PersistentVolume",
      body: () => ({
        spec: {
          accessModes: ["ReadWriteOnce"],
          capacity,
          persistentVolumeReclaimPolicy: "Retain",
          storageClassName: "e2e",
          hostPath: { path: "/tmp/pv" },
        },
      }),
      status: { message: "StatusPatched", reason: "E2E" },
    },
    {
      resource: "v1/pods",
      kind: "Pod",
      body: () => ({ spec: { ...podSpec, nodeSelector: { never: "there" } } }),
      status: { message: "patched by test", reason: "E2E" },
    },
    { resource: "v1/podtemplates", kind: "PodTemplate", body: () => ({ template }) },
    {
      resource: "v1/replicationcontrollers",
      kind: "ReplicationController",
      body: () => ({ spec: { replicas: 0, selector: labels, template } }),
      status: { conditions: [timed("StatusPatched")] },
    },
    {
      resource: "v1/resourcequotas",
      kind: "ResourceQuota",
      body: () => ({ spec: { hard: { "count/nothings.example.com": "5" } } }),
      status: { hard: { "count/nothings.example.com": "5" } },
    },
    { resource: "v1/secrets", kind: "Secret", body: () => ({ data: { a: "Yg==" }, type: "Opaque" }) },
    { resource: "v1/serviceaccounts", kind: "ServiceAccount", body: () => ({ automountServiceAccountToken: false }) },
    {
      resource: "v1/services",
      kind: "Service",
      body: () => ({ spec: { ports: [{ name: "http", port: 80 }], type: "LoadBalancer" } }),
      status: { loadBalancer: { ingress: [{ ip: "203.0.113.1", ipMode: "VIP" }] } },
    },
    {
      resource: "v1/events",
      kind: "Event",
      body: () => ({
        involvedObject: { namespace: "%ns" },
        message: "This is a test event",
        reason: "Test",
        source: { component: "e2e" },
        type: "Normal",
      }),
    },
    {
      resource: "events.k8s.io/v1/events",
      kind: "Event",
      body: () => ({
        eventTime: "2024-01-01T00:00:00.000001Z",
        reportingController: "test-controller",
        reportingInstance: "test-node",
        action: "Do",
        reason: "Test",
        type: "Normal",
        note: "This is a test event",
        regarding: { namespace: "%ns" },
      }),
    },
    {
      resource: "admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
      kind: "MutatingWebhookConfiguration",
      body: () => ({ webhooks: [webhook] }),
    },
    {
      resource: "admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
      kind: "ValidatingWebhookConfiguration",
      body: () => ({ webhooks: [webhook] }),
    },
    {
      resource: "admissionregistration.k8s.io/v1/validatingadmissionpolicies",
      statusKeepsMetadata: true,
      kind: "ValidatingAdmissionPolicy",
      body: () => ({
        spec: { matchConstraints: matchNothing, validations: [{ expression: "true" }], failurePolicy: "Fail" },
      }),
      status: { conditions: [timed("PolicyReady")] },
    },
    {
      resource: "admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
      kind: "ValidatingAdmissionPolicyBinding",
      body: () => ({ spec: { policyName: "policy.example.com", validationActions: ["Deny"] } }),
    },
    {
      resource: "admissionregistration.k8s.io/v1/mutatingadmissionpolicies",
      kind: "MutatingAdmissionPolicy",
      body: () => ({
        spec: {
          matchConstraints: matchNothing,
          reinvocationPolicy: "Never",
          mutations: [
            {
              patchType: "ApplyConfiguration",
              applyConfiguration: { expression: "Object{metadata: Object.metadata{labels: {'a': 'b'}}}" },
            },
          ],
        },
      }),
    },
    {
      resource: "admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings",
      kind: "MutatingAdmissionPolicyBinding",
      body: () => ({ spec: { policyName: "policy.example.com" } }),
    },
    {
      resource: "apiextensions.k8s.io/v1/customresourcedefinitions",
      kind: "CustomResourceDefinition",
      name: (index) => `samples${index}.s${index}.example.com`,
      body: (index) => ({
        spec: {
          group: `s${index}.example.com`,
          scope: "Namespaced",
          names: { plural: `samples${index}`, singular: `sample${index}`, kind: `Sample${index}` },
          versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }],
        },
      }),
      status: { conditions: [timed("StatusPatched")] },
    },
    {
      resource: "apiregistration.k8s.io/v1/apiservices",
      statusKeepsMetadata: true,
      kind: "APIService",
      name: (index) => `v${index}.remote.example.com`,
      body: (index) => ({
        spec: {
          group: "remote.example.com",
          version: `v${index}`,
          groupPriorityMinimum: 1000,
          versionPriority: 10,
          insecureSkipTLSVerify: true,
          service: { namespace: "default", name: "absent" },
        },
      }),
      status: { conditions: [timed("StatusPatched")] },
    },
    {
      resource: "apps/v1/controllerrevisions",
      kind: "ControllerRevision",
      body: (index) => ({ revision: index, data: { spec: { a: "b" } } }),
    },
    {
      resource: "apps/v1/daemonsets",
      kind: "DaemonSet",
      body: () => ({
        spec: { selector, template: { ...template, spec: { ...podSpec, nodeSelector: { never: "there" } } } },
      }),
      status: { conditions: [timed("StatusPatched")] },
    },
    {
      resource: "apps/v1/deployments",
      kind: "Deployment",
      body: () => ({ spec: { replicas: 0, selector, template } }),
      status: { conditions: [{ ...timed("StatusPatched"), lastUpdateTime: time }] },
    },
    {
      resource: "apps/v1/replicasets",
      kind: "ReplicaSet",
      body: () => ({ spec: { replicas: 0, selector, template } }),
      status: { conditions: [timed("StatusPatched")] },
    },
    {
      resource: "apps/v1/statefulsets",
      kind: "StatefulSet",
      body: () => ({ spec: { replicas: 0, selector, template, serviceName: "sample" } }),
      status: { conditions: [timed("StatusPatched")] },
    },
    ...["autoscaling/v1", "autoscaling/v2"].map((version) => ({
      resource: `${version}/horizontalpodautoscalers`,
      kind: "HorizontalPodAutoscaler",
      body: () => ({
        spec: { scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "absent" }, maxReplicas: 3 },
      }),
      status: { currentReplicas: 2, desiredReplicas: 3 },
    })),
    {
      resource: "batch/v1/cronjobs",
      kind: "CronJob",
      body: () => ({
        spec: {
          schedule: "0 0 1 1 *",
          suspend: true,
          jobTemplate: { spec: { template: { spec: { ...podSpec, restartPolicy: "OnFailure" } } } },
        },
      }),
      status: { lastScheduleTime: time },
    },
    {
      resource: "batch/v1/jobs",
      kind: "Job",
      body: () => ({ spec: { suspend: true, template: { spec: { ...podSpec, restartPolicy: "Never" } } } }),
      status: { conditions: [{ ...timed("StatusPatched"), lastProbeTime: time }] },
    },
    {
      resource: "certificates.k8s.io/v1/certificatesigningrequests",
      kind: "CertificateSigningRequest",
      body: () => ({
        spec: {
          request: base64(request),
          signerName: "example.com/e2e",
          expirationSeconds: 3600,
          usages: ["digital signature", "key encipherment", "server auth"],
        },
      }),
      status: { certificate: base64(certificate) },
    },
    {
      resource: "coordination.k8s.io/v1/leases",
      kind: "Lease",
      body: () => ({
        spec: { holderIdentity: "holder", leaseDurationSeconds: 30, renewTime: "2024-01-01T00:00:00.000001Z" },
      }),
    },
    {
      resource: "discovery.k8s.io/v1/endpointslices",
      kind: "EndpointSlice",
      body: () => ({ addressType: "IPv4", endpoints: [{ addresses: ["1.2.3.4", "5.6.7.8"] }] }),
    },
    {
      resource: "flowcontrol.apiserver.k8s.io/v1/flowschemas",
      statusKeepsMetadata: true,
      kind: "FlowSchema",
      body: () => ({
        spec: {
          matchingPrecedence: 10_000,
          priorityLevelConfiguration: { name: "global-default" },
          distinguisherMethod: { type: "ByUser" },
          rules: [
            {
              subjects: [{ kind: "User", user: { name: "example-e2e-non-existent-user" } }],
              nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }],
            },
          ],
        },
      }),
      status: { conditions: [timed("PatchStatusFailed")] },
    },
    {
      resource: "flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations",
      statusKeepsMetadata: true,
      kind: "PriorityLevelConfiguration",
      body: () => ({
        spec: { type: "Limited", limited: { nominalConcurrencyShares: 2, limitResponse: { type: "Reject" } } },
      }),
      status: { conditions: [timed("PatchStatusFailed")] },
    },
    {
      resource: "networking.k8s.io/v1/ingressclasses",
      kind: "IngressClass",
      body: () => ({
        spec: {
          controller: "example.com/controller",
          parameters: { apiGroup: "k8s.example.com", kind: "Params", name: "x", scope: "Cluster" },
        },
      }),
    },
    {
      resource: "networking.k8s.io/v1/ingresses",
      kind: "Ingress",
      body: () => ({ spec: { defaultBackend: { service: { name: "web", port: { number: 80 } } } } }),
      status: { loadBalancer: { ingress: [{ ip: "169.1.1.1" }] } },
    },
    {
      resource: "networking.k8s.io/v1/ipaddresses",
      kind: "IPAddress",
      name: (index) => `192.168.7.${index + 1}`,
      body: () => ({ spec: { parentRef: { group: "example.com", resource: "owners", name: "x", namespace: "y" } } }),
    },
    {
      resource: "networking.k8s.io/v1/networkpolicies",
      kind: "NetworkPolicy",
      body: () => ({ spec: { podSelector: {}, ingress: [{ ports: [{ protocol: "TCP", port: 80 }] }] } }),
    },
    {
      resource: "networking.k8s.io/v1/servicecidrs",
      kind: "ServiceCIDR",
      lingersMs: 10_000,
      body: (index) => ({ spec: { cidrs: [`10.19${index}.0.0/24`] } }),
      status: { conditions: [timed("StatusPatched")] },
    },
    {
      resource: "node.k8s.io/v1/runtimeclasses",
      kind: "RuntimeClass",
      body: () => ({ handler: "runc", overhead: { podFixed: { cpu: "10m" } } }),
    },
    {
      resource: "policy/v1/poddisruptionbudgets",
      kind: "PodDisruptionBudget",
      body: () => ({ spec: { minAvailable: 1, selector: { matchLabels: { never: "there" } } } }),
      status: { conditions: [timed("StatusPatched")] },
    },
    {
      resource: "rbac.authorization.k8s.io/v1/clusterroles",
      kind: "ClusterRole",
      body: () => ({ rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }] }),
    },
    {
      resource: "rbac.authorization.k8s.io/v1/roles",
      kind: "Role",
      body: () => ({ rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }] }),
    },
    ...(["ClusterRoleBinding", "RoleBinding"] as const).map((kind) => ({
      resource: `rbac.authorization.k8s.io/v1/${kind.toLowerCase()}s`,
      kind,
      body: () => ({
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
        subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "nobody" }],
      }),
    })),
    {
      resource: "resource.k8s.io/v1/deviceclasses",
      kind: "DeviceClass",
      body: () => ({ spec: { selectors: [{ cel: { expression: "true" } }] } }),
    },
    {
      resource: "resource.k8s.io/v1/resourceclaims",
      statusKeepsMetadata: true,
      kind: "ResourceClaim",
      body: () => ({
        spec: { devices: { requests: [{ name: "one", exactly: { deviceClassName: "class.example.com" } }] } },
      }),
      status: { allocation: { devices: {} } },
    },
    {
      resource: "resource.k8s.io/v1/resourceclaimtemplates",
      kind: "ResourceClaimTemplate",
      body: () => ({
        spec: {
          spec: { devices: { requests: [{ name: "one", exactly: { deviceClassName: "class.example.com" } }] } },
        },
      }),
    },
    {
      resource: "resource.k8s.io/v1/resourceslices",
      kind: "ResourceSlice",
      body: () => ({
        spec: {
          driver: "driver.example.com",
          nodeName: "absent",
          pool: { name: "pool", generation: 1, resourceSliceCount: 1 },
          devices: [{ name: "one" }],
        },
      }),
    },
    {
      resource: "scheduling.k8s.io/v1/priorityclasses",
      kind: "PriorityClass",
      body: () => ({ value: 10, description: "a sample" }),
    },
    {
      resource: "storage.k8s.io/v1/csidrivers",
      kind: "CSIDriver",
      body: () => ({ spec: { attachRequired: false, podInfoOnMount: true } }),
    },
    {
      resource: "storage.k8s.io/v1/csinodes",
      kind: "CSINode",
      body: () => ({ spec: { drivers: [{ name: "driver.example.com", nodeID: "x", topologyKeys: ["zone"] }] } }),
    },
    {
      resource: "storage.k8s.io/v1/csistoragecapacities",
      kind: "CSIStorageCapacity",
      body: () => ({ storageClassName: "class", nodeTopology: {}, capacity: "1Gi" }),
    },
    {
      resource: "storage.k8s.io/v1/storageclasses",
      kind: "StorageClass",
      body: () => ({ provisioner: "e2e-fake-provisioner", reclaimPolicy: "Delete" }),
    },
    {
      resource: "storage.k8s.io/v1/volumeattachments",
      statusKeepsMetadata: true,
      kind: "VolumeAttachment",
      body: () => ({
        spec: { attacher: "e2e-test.example.com", nodeName: "absent", source: { persistentVolumeName: "pv" } },
      }),
      status: { attached: true },
    },
    {
      resource: "storage.k8s.io/v1/volumeattributesclasses",
      kind: "VolumeAttributesClass",
      body: () => ({ driverName: "e2e-fake-driver", parameters: { iops: "100" } }),
    },
  ];
}
