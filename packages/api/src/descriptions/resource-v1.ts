import type { Descriptions } from "./description.ts";

const tolerations = "Taints of devices that are put up with.";
const requestSpec = {
  allocationMode: "ExactCount (default): as many as count says. All: all that fit.",
  capacity: "How much of the devices' capacities is needed, of devices that can be shared.",
  count: "How many devices. Default 1; only for ExactCount.",
  deviceClassName: "The DeviceClass. Required.",
  selectors: "What the devices must be. All must be met.",
  tolerations,
};
const requests = "For which requests of the claim, REQUEST or REQUEST/SUBREQUEST. Absent: for all.";
const opaque = "Parameters for one driver.";

const exactRequest = {
  ...requestSpec,
  adminAccess: "Whether it is for administration: devices in use count too. Only in namespaces labelled for it.",
};
const deviceName = "Its name, a DNS label, unique in the pool.";
const requestName = "Its name, a DNS label.";
const firstAvailable = "What will do: the first that can be had counts. At most 8.";
const device = {
  allNodes: "Whether it can be reached from all nodes. Only with perDeviceNodeSelection.",
  allowMultipleAllocations: "Whether several claims can be given it.",
  attributes: "What it is, by name.",
  bindingConditions: "Conditions that must be true of it before a pod is bound.",
  bindingFailureConditions: "Conditions that make a pod be scheduled anew.",
  bindsToNode: "Whether it is bound to the node for which it was allocated.",
  capacity: "How much it has of what, by name.",
  consumesCounters: "What it takes of the pool's counters.",
  nodeAllocatableResourceMappings: "What it takes of the node's own resources, by resource.",
  nodeName: "The node it is on. Only with perDeviceNodeSelection.",
  nodeSelector: "From which nodes it can be reached. Only with perDeviceNodeSelection.",
  taints: "What keeps claims away that do not put up with it.",
};

export const resourceV1: Descriptions = {
  AllocatedDeviceStatus: {
    about: "How an allocated device is, as its driver reports.",
    fields: {
      data: "Whatever else the driver reports. At most 10 KiB.",
      device: "The name of the device.",
      driver: "Its driver.",
      networkData: "What is known of a network device.",
      pool: "Its pool.",
      shareID: "Which share of it, when it is shared.",
    },
  },
  AllocationResult: {
    about: "The devices that a claim was given.",
    fields: {
      allocationTimestamp: "When.",
      devices: "The devices.",
      nodeSelector: "From which nodes they can be reached. Absent: from all.",
    },
  },
  CELDeviceSelector: {
    about: "A condition on devices.",
    fields: {
      expression:
        "CEL over device.driver, device.attributes[DRIVER].NAME, device.capacity[DRIVER].NAME and device.allowMultipleAllocations; true for devices that fit. At most 10 Ki, and of limited cost.",
    },
  },
  CapacityRequestPolicy: {
    about: "In which steps a capacity of a device can be shared out.",
    fields: {
      default: "How much who does not say is given.",
      validRange: "From how much to how much, in which steps. Not together with validValues.",
      validValues: "The amounts there are: more is rounded up. At most 10.",
    },
  },
  CapacityRequestPolicyRange: {
    about: "A range of amounts.",
    fields: { max: "The most.", min: "The least.", step: "What amounts are rounded up to." },
  },
  CapacityRequirements: {
    about: "How much of which capacity is needed.",
    fields: { requests: "The amounts, by capacity." },
  },
  Counter: { about: "Something that devices take of.", fields: { value: "How much there is." } },
  CounterSet: {
    about: "Counters that devices of a pool share.",
    fields: { counters: "The counters, by name.", name: "The name of the set." },
  },
  Device: { about: "A device.", fields: { ...device, name: deviceName } },
  DeviceAllocationConfiguration: {
    about: "Configuration of allocated devices.",
    fields: { opaque, requests, source: "Whence it comes: FromClass or FromClaim." },
  },
  DeviceAllocationResult: {
    about: "Allocated devices.",
    fields: { config: "Their configuration: the class's, then the claim's.", results: "The devices." },
  },
  DeviceAttribute: {
    about: "A value: one of these.",
    fields: {
      bool: "True or false.",
      bools: "Several of these.",
      int: "A number.",
      ints: "Several numbers.",
      string: "A text of at most 64 characters.",
      strings: "Several texts.",
      version: "A version, as in semver.org 2.0.0.",
      versions: "Several versions.",
    },
  },
  DeviceCapacity: {
    about: "How much a device has.",
    fields: { requestPolicy: "In which steps it can be shared out.", value: "How much." },
  },
  DeviceClaim: {
    about: "Which devices are needed.",
    fields: {
      config: "Configuration for the drivers.",
      constraints: "What the devices must have in common.",
      requests: "The devices. All are needed. At most 32.",
    },
  },
  DeviceClaimConfiguration: { about: "Configuration of a claim's devices.", fields: { opaque, requests } },
  DeviceClass: { about: "A kind of device, made by administrators, which claims choose by its name." },
  DeviceClassConfiguration: { about: "Configuration of devices of a class.", fields: { opaque } },
  DeviceClassSpec: {
    about: "Which devices are of a class, and how they are configured.",
    fields: {
      config: "Configuration for the drivers.",
      extendedResourceName: "The extended resource by which pods can ask for them without a claim.",
      selectors: "What the devices must be. All must be met.",
    },
  },
  DeviceConstraint: {
    about: "What devices must have in common.",
    fields: {
      distinctAttribute: "An attribute whose values must all be different.",
      matchAttribute: "An attribute whose values must all be the same, such as dra.example.com/numa.",
      requests,
    },
  },
  DeviceCounterConsumption: {
    about: "What a device takes of counters.",
    fields: { counterSet: "The set.", counters: "How much of which." },
  },
  DeviceRequest: {
    about: "A request for devices: exactly, or one of several ways, one of the two.",
    fields: {
      exactly: "What is needed.",
      firstAvailable,
      name: "Its name, a DNS label.",
    },
  },
  DeviceRequestAllocationResult: {
    about: "A device that a request was given.",
    fields: {
      adminAccess: "Whether it is for administration: others may have it too.",
      bindingConditions: "Conditions that must be true of it before a pod is bound.",
      bindingFailureConditions: "Conditions that make a pod be scheduled anew.",
      consumedCapacity: "How much of it was given, when it is shared.",
      device: "Its name.",
      driver: "Its driver.",
      pool: "Its pool.",
      request: "The request, REQUEST or REQUEST/SUBREQUEST.",
      shareID: "Which share of it, when it is shared.",
      tolerations: "The tolerations that the request had.",
    },
  },
  DeviceSelector: { about: "A condition on devices.", fields: { cel: "The condition, in CEL." } },
  DeviceSubRequest: {
    about: "One of several ways to meet a request.",
    fields: { ...requestSpec, name: "Its name, a DNS label." },
  },
  DeviceTaint: {
    about: "What keeps claims away from a device that do not put up with it.",
    fields: {
      effect: "NoSchedule: no new ones. NoExecute: and pods that have it are evicted. None: it only tells.",
      key: "Its key.",
      timeAdded: "When it was added.",
      value: "Its value.",
    },
  },
  DeviceToleration: {
    about: "Taints of devices that are put up with.",
    fields: {
      effect: "Of which effect. Absent: of any.",
      key: "Of which key. Absent, with Exists: of any.",
      operator: "Equal (default): of this value. Exists: of any.",
      tolerationSeconds: "For how many seconds, with NoExecute. Absent: for ever.",
      value: "Of which value.",
    },
  },
  ExactDeviceRequest: {
    about: "Devices that are needed.",
    fields: exactRequest,
  },
  NetworkDeviceData: {
    about: "What is known of a network device.",
    fields: {
      hardwareAddress: "Its hardware address.",
      interfaceName: "Its interface in the pod.",
      ips: "Its addresses, as networks.",
    },
  },
  NodeAllocatableResourceMapping: {
    about: "How much a device takes of one of the node's own resources.",
    fields: {
      allocationMultiplier: "How much for each device, or for each unit of the capacity.",
      capacityKey: "The capacity by which it goes.",
    },
  },
  OpaqueDeviceConfiguration: {
    about: "Parameters that only a driver understands.",
    fields: {
      driver: "The driver.",
      parameters: "The parameters: an object with kind and apiVersion. At most 10 KiB.",
    },
  },
  ResourceClaim: { about: "A claim to devices, for pods." },
  ResourceClaimConsumerReference: {
    about: "Who uses a claim, such as a pod.",
    fields: {
      apiGroup: "The group. Empty for the core group.",
      name: "The name.",
      resource: "The resource, such as pods.",
      uid: "The UID.",
    },
  },
  ResourceClaimSpec: { about: "What is claimed. Cannot be changed.", fields: { devices: "The devices." } },
  ResourceClaimStatus: {
    about: "What a claim was given.",
    fields: {
      allocation: "The devices. Absent: none yet.",
      devices: "How they are, as their drivers report.",
      reservedFor: "Who may use it: it is not taken back before all have left. At most 256.",
    },
  },
  ResourceClaimTemplate: { about: "What claims for single pods are made from. Cannot be changed." },
  ResourceClaimTemplateSpec: {
    about: "What the claims are.",
    fields: { metadata: "Labels and annotations of the claims.", spec: "What is claimed." },
  },
  ResourcePool: {
    about: "To which pool a slice belongs.",
    fields: {
      generation: "Counts changes of the pool: only slices of the highest are used.",
      name: "The name of the pool, often that of the node.",
      resourceSliceCount: "How many slices the pool has in this generation: it is used when all are there.",
    },
  },
  ResourceSlice: { about: "Some devices of a pool, published by a driver." },
  ResourceSliceSpec: {
    about:
      "The devices, and from where they can be reached: by one of nodeName, nodeSelector, allNodes and perDeviceNodeSelection.",
    fields: {
      allNodes: "From all nodes.",
      devices: "The devices. At most 128, or 64 with taints or counters.",
      driver: "The driver. Cannot be changed.",
      nodeName: "From this node. Cannot be changed.",
      nodeSelector: "From these nodes.",
      perDeviceNodeSelection: "As each device says.",
      pool: "The pool.",
      sharedCounters: "Counters that devices of the pool take of. Not together with devices.",
    },
  },
};

/** The first beta nested these differently. */
export const resourceV1beta1: Descriptions = {
  BasicDevice: { about: "What a device is.", fields: device },
  Device: { about: "A device.", fields: { basic: "What it is.", name: deviceName } },
  DeviceRequest: {
    about: "A request for devices: one of several ways, or what is said here.",
    fields: { ...exactRequest, firstAvailable, name: requestName },
  },
};
