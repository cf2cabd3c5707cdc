import { kindOf, refusesCreate, refusesUpdate } from "../testing.ts";

const group = "resource.k8s.io";
const claims = kindOf(group, "resourceclaims");
const reference =
  "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";

const claim = (devices: object, status?: object) => ({ spec: { devices }, ...(status ? { status } : {}) });
const gpu = { name: "gpu", exactly: { deviceClassName: "acme" } };

refusesCreate(claims, [
  ["a plain one", claim({ requests: [gpu] })],
  [
    "requests of no kind, of two, and twice",
    claim({ requests: [{ name: "a" }, { ...gpu, firstAvailable: [{ name: "b" }] }, { ...gpu }] }),
    "spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required",
    "spec.devices.requests[1]: Invalid value: null: exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set",
    'spec.devices.requests[2]: Duplicate value: "gpu"',
  ],
  [
    "how many",
    claim({
      requests: [
        { name: "a", exactly: { allocationMode: "All", count: 1, deviceClassName: "c" } },
        {
          name: "b",
          firstAvailable: [
            { name: "x", allocationMode: "Odd", selectors: [{}], tolerations: [{ operator: "Exists", value: "v" }] },
          ],
        },
      ],
    }),
    "spec.devices.requests[0].exactly.count: Invalid value: 1: must not be specified when allocationMode is 'All'",
    "spec.devices.requests[1].firstAvailable[0].deviceClassName: Required value",
    "spec.devices.requests[1].firstAvailable[0].selectors[0].cel: Required value",
    'spec.devices.requests[1].firstAvailable[0].allocationMode: Unsupported value: "Odd": supported values: "All", "ExactCount"',
    'spec.devices.requests[1].firstAvailable[0].tolerations[0].value: Invalid value: "v": must be empty for operator `Exists`',
  ],
  [
    "constraints and configuration",
    claim({
      requests: [gpu],
      constraints: [{ requests: ["other"], matchAttribute: "model" }, {}],
      config: [{ opaque: { driver: "acme", parameters: [] } }, {}],
    }),
    `spec.devices.constraints[0].requests[0]: Invalid value: "other": ${reference}`,
    'spec.devices.constraints[0].matchAttribute: Invalid value: "model": a fully qualified name must be a domain and a name separated by a slash',
    'spec.devices.constraints[1]: Required value: exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set',
    'spec.devices.config[0].opaque.parameters: Invalid value: "<value omitted>": must be a valid JSON object',
    "spec.devices.config[1].opaque: Required value",
  ],
]);

refusesUpdate(claims, [
  [
    "what is claimed is for good",
    claim({ requests: [] }),
    claim({ requests: [gpu] }),
    'spec: Invalid value: {"devices":{"requests":[{"name":"gpu","exactly":{"deviceClassName":"acme","allocationMode":"ExactCount","count":1}}]}}: field is immutable',
  ],
]);

const device = { driver: "acme", pool: "p", device: "d" };
const allocation = { devices: { results: [{ ...device, request: "gpu" }] } };

refusesUpdate(
  claims,
  [
    [
      "allocated and reserved",
      claim({ requests: [gpu] }, {}),
      claim({ requests: [gpu] }, { allocation, reservedFor: [{ resource: "pods", name: "a", uid: "u" }] }),
    ],
    [
      "reserved and not allocated",
      claim({}, {}),
      claim({}, { reservedFor: [{ resource: "pods", name: "", uid: "u" }] }),
      "status.reservedFor[0].name: Required value",
      "status.reservedFor: Forbidden: may not be specified when `allocated` is not set",
    ],
    [
      "a device that is another's",
      claim({ requests: [gpu] }, { allocation }),
      claim(
        { requests: [gpu] },
        { allocation, devices: [{ ...device, device: "e", conditions: [{ type: "a", status: "Odd" }] }] },
      ),
      'status.devices[0]: Invalid value: "acme/p/e": must be an allocated device in the claim',
      'status.devices[0].conditions[0].status: Unsupported value: "Odd": supported values: "False", "True", "Unknown"',
      "status.devices[0].conditions[0].lastTransitionTime: Required value: must be set",
      "status.devices[0].conditions[0].reason: Required value: must be set",
    ],
    [
      "an allocation of nothing",
      claim({ requests: [gpu] }, {}),
      claim(
        { requests: [gpu] },
        { allocation: { devices: { results: [{ driver: "acme", pool: "", device: "d", request: "x" }] } } },
      ),
      `status.allocation.devices.results[0].request: Invalid value: "x": ${reference}`,
      "status.allocation.devices.results[0].pool: Required value",
    ],
  ],
  { status: true },
);

refusesCreate(kindOf(group, "deviceclasses"), [
  [
    "an extended resource",
    { spec: { extendedResourceName: "cpu" } },
    'spec.extendedResourceName: Invalid value: "cpu": must be a valid extended resource name',
  ],
]);

const pool = { name: "p", resourceSliceCount: 1 };
const slice = (spec: object) => ({ spec: { driver: "acme", pool, nodeName: "n", ...spec } });

refusesCreate(kindOf(group, "resourceslices"), [
  [
    "a plain one",
    slice({ devices: [{ name: "d", attributes: { model: { string: "x" }, "a.b/v": { version: "1.0.0-rc.1" } } }] }),
  ],
  [
    "nothing",
    { spec: {} },
    "spec.driver: Required value",
    "spec.pool.name: Required value",
    "spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero",
    "spec: Required value: exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required",
  ],
  [
    "two places",
    slice({ allNodes: true, perDeviceNodeSelection: false }),
    "spec.perDeviceNodeSelection: Invalid value: false: must be either unset or set to true",
    'spec: Invalid value: "{`nodeName`, `allNodes`}": exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required, but multiple fields are set',
  ],
  [
    "devices",
    slice({
      devices: [
        {
          name: "d",
          attributes: { "a-b": {}, v: { version: "1" } },
          capacity: { m: { value: "1", requestPolicy: {} } },
        },
        { name: "d", nodeName: "n", taints: [{ key: "k", effect: "Odd" }], bindingConditions: ["c"] },
      ],
    }),
    "spec.devices[0].attributes[a-b]: Invalid value: \"a-b\": a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')",
    'spec.devices[0].attributes[a-b]: Invalid value: "": exactly one value must be specified',
    'spec.devices[0].attributes[v].version: Invalid value: "1": must be a string compatible with semver.org spec 2.0.0',
    "spec.devices[0].capacity[m].requestPolicy: Forbidden: allowMultipleAllocations must be true",
    'spec.devices[1].taints[0].effect: Unsupported value: "Odd": supported values: "NoExecute", "NoSchedule", "None"',
    "spec.devices[1]: Invalid value: null: `nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec",
    "spec.devices[1].bindingFailureConditions: Invalid value: null: bindingFailureConditions are required to use bindingConditions",
    'spec.devices[1]: Duplicate value: "d"',
  ],
  [
    "shared capacity",
    slice({
      devices: [
        {
          name: "d",
          allowMultipleAllocations: true,
          capacity: {
            m: { value: "10", requestPolicy: { default: "3", validRange: { min: "2", max: "12", step: "2" } } },
            n: { value: "10", requestPolicy: { default: "3", validValues: ["2", "1"] } },
          },
        },
      ],
    }),
    'spec.devices[0].capacity[m].requestPolicy.validRange.max: Invalid value: "12": max is larger than capacity value: 10',
    'spec.devices[0].capacity[m].requestPolicy.validRange.step: Invalid value: "3": value is not a multiple of a given step (2) from (2)',
    'spec.devices[0].capacity[n].requestPolicy.validValues[1]: Invalid value: "1": values must be sorted in ascending order',
    'spec.devices[0].capacity[n].requestPolicy.validValues: Invalid value: "3": default value is not valid according to the requestPolicy',
  ],
  [
    "counters",
    slice({ sharedCounters: [{ name: "", counters: {} }] }),
    "spec.sharedCounters[0].name: Required value",
    "spec.sharedCounters[0].counters: Required value",
  ],
]);
