import { kindOf, refusesCreate, refusesUpdate } from "../testing.ts";

const group = "storage.k8s.io";

refusesCreate(kindOf(group, "storageclasses"), [
  ["a plain one", { provisioner: "Acme.io/disk" }],
  ["nothing", {}, "provisioner: Required value"],
  [
    "wrong everywhere",
    {
      provisioner: "a",
      parameters: { "": "x" },
      reclaimPolicy: "Recycle",
      volumeBindingMode: "Never",
      allowedTopologies: [
        { matchLabelExpressions: [{ key: "zone", values: ["a", "a"] }] },
        { matchLabelExpressions: [{ key: "zone", values: [] }] },
      ],
    },
    'parameters: Invalid value: "": field can not be empty.',
    'reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"',
    'volumeBindingMode: Unsupported value: "Never": supported values: "Immediate", "WaitForFirstConsumer"',
    'allowedTopologies[0].matchLabelExpressions[0].values[1]: Duplicate value: "a"',
    "allowedTopologies[1].matchLabelExpressions[0].values: Required value",
  ],
]);

refusesUpdate(kindOf(group, "storageclasses"), [
  [
    "nothing of it changes",
    { provisioner: "a", parameters: { a: "1" } },
    { provisioner: "b", parameters: { a: "2" }, reclaimPolicy: "Retain", volumeBindingMode: "WaitForFirstConsumer" },
    "parameters: Forbidden: updates to parameters are forbidden.",
    "provisioner: Forbidden: updates to provisioner are forbidden.",
    "reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden.",
    'volumeBindingMode: Invalid value: "WaitForFirstConsumer": field is immutable',
  ],
]);

refusesCreate(kindOf(group, "volumeattributesclasses"), [
  ["nothing", {}, "driverName: Required value", "parameters: Required value: must contain at least one key/value pair"],
]);

refusesCreate(kindOf(group, "csidrivers"), [
  ["defaults do", { spec: {} }],
  [
    "wrong everywhere",
    {
      spec: {
        fsGroupPolicy: "Odd",
        tokenRequests: [{ audience: "a" }, { audience: "a" }, { audience: "b", expirationSeconds: 1 }],
        volumeLifecycleModes: ["Odd"],
        nodeAllocatableUpdatePeriodSeconds: 9,
      },
    },
    'spec.fsGroupPolicy: Unsupported value: "Odd": supported values: "File", "None", "ReadWriteOnceWithFSType"',
    'spec.tokenRequests[1].audience: Duplicate value: "a"',
    "spec.tokenRequests[2].expirationSeconds: Invalid value: 1: may not specify a duration less than 10 minutes",
    'spec.volumeLifecycleModes: Unsupported value: "Odd": supported values: "Persistent", "Ephemeral"',
    "spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 9: must be greater than or equal to 10 seconds",
  ],
]);

refusesUpdate(kindOf(group, "csidrivers"), [
  [
    "attachment is for good",
    { spec: {} },
    { spec: { attachRequired: false } },
    "spec.attachedRequired: Invalid value: false: field is immutable",
  ],
]);

refusesCreate(kindOf(group, "csinodes"), [
  [
    "drivers",
    {
      spec: {
        drivers: [
          { name: "a", nodeID: "n", allocatable: { count: -1 } },
          { name: "a", nodeID: "", topologyKeys: ["x", "x"] },
        ],
      },
    },
    "spec.drivers[0].allocatable.count: Invalid value: -1: must be greater than or equal to 0",
    "spec.drivers[1].nodeID: Required value",
    'spec.drivers[1].name: Duplicate value: "a"',
    'spec.drivers[1]: Duplicate value: "x"',
  ],
]);

const attachment = (source: object, spec: object = {}) => ({
  spec: { attacher: "acme.io", nodeName: "n", source, ...spec },
});

refusesCreate(kindOf(group, "volumeattachments"), [
  ["of a volume", attachment({ persistentVolumeName: "v" })],
  [
    "of nothing",
    attachment({}, { attacher: "" }),
    "spec.attacher: Required value",
    "spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName",
    "spec.attacher: Required value",
  ],
  [
    "of what is no driver's",
    attachment({
      inlineVolumeSpec: { accessModes: ["ReadWriteOnce"], hostPath: { path: "/x" }, storageClassName: "s" },
    }),
    "spec.source.inlineVolumeSpec.csi: Required value: has to be specified in the context of inline volumes",
    "spec.source.inlineVolumeSpec.storageClassName: Forbidden: may not be specified in the context of inline volumes",
  ],
]);

refusesUpdate(kindOf(group, "csistoragecapacities"), [
  [
    "what was asked for is for good",
    { storageClassName: "a" },
    { storageClassName: "b" },
    'storageClassName: Invalid value: "b": field is immutable',
  ],
]);

const volume = (spec: object) => ({
  metadata: { name: "v" },
  spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], ...spec },
});

refusesCreate(kindOf("", "persistentvolumes"), [
  ["a directory", volume({ hostPath: { path: "/x" } })],
  [
    "nothing",
    { metadata: { name: "v" }, spec: {} },
    "spec.accessModes: Required value",
    "spec.capacity: Required value",
    'spec.capacity: Unsupported value: {}: supported values: "storage"',
    "spec: Required value: must specify a volume type",
  ],
  [
    "two sources, and the machine's root recycled",
    volume({ hostPath: { path: "/./" }, nfs: {}, persistentVolumeReclaimPolicy: "Recycle" }),
    "spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'",
    "spec.nfs: Forbidden: may not specify more than 1 volume type",
  ],
  [
    "a driver's, with secrets",
    volume({ csi: { driver: "a.b", controllerPublishSecretRef: { name: "s" } }, volumeAttributesClassName: "" }),
    "spec.csi.volumeHandle: Required value",
    "spec.csi.controllerPublishSecretRef.namespace: Required value",
    "spec.volumeAttributesClassName: Required value: an empty string is disallowed",
  ],
  ["a disk of a cloud", volume({ gcePersistentDisk: {} }), "spec.persistentDisk.pdName: Required value"],
  [
    "local, and nowhere",
    volume({ local: { path: "a/../b" } }),
    "spec.local.path: Invalid value: \"a/../b\": must not contain '..'",
    "metadata.annotations: Required value: Local volume requires node affinity",
  ],
]);

const claim = (spec: object) => ({
  metadata: { name: "c" },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, ...spec },
});

refusesCreate(kindOf("", "persistentvolumeclaims"), [
  ["a copy of another", claim({ dataSource: { kind: "PersistentVolumeClaim", name: "o" } })],
  [
    "nothing",
    { spec: {} },
    "spec.accessModes: Required value: at least 1 access mode is required",
    "spec.resources[storage]: Required value",
  ],
  [
    "sources that differ",
    claim({ dataSource: { kind: "Odd", name: "" }, dataSourceRef: { apiGroup: "a.b", kind: "Odd", name: "x" } }),
    "spec.dataSource.name: Required value",
    "spec.dataSource: Invalid value: \"Odd\": must be 'PersistentVolumeClaim' when referencing the default apiGroup",
    'spec: Invalid value: "spec.dataSource": must match dataSourceRef',
  ],
]);
