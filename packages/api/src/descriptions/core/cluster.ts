import type { Descriptions } from "../description.ts";

const name = "Its name.";
const count = "How often it has happened.";

/** Services, nodes, namespaces and all else of the core group. */
export const cluster: Descriptions = {
  ClientIPConfig: {
    about: "Affinity by the client's address.",
    fields: { timeoutSeconds: "For how many seconds after its last connection: 1 to 86400. Default 10800." },
  },
  ComponentCondition: {
    about: "Whether a part of the control plane is healthy.",
    fields: { error: "What is wrong.", message: "What it said.", status: "True, False or Unknown.", type: "Healthy." },
  },
  ComponentStatus: {
    about: "Whether a part of the control plane is healthy. Deprecated: ask the parts' health endpoints.",
  },
  ConfigMap: {
    about: "Configuration for programs, as keys and values.",
    fields: {
      binaryData: "Values that are not text, in base64. No key may be in data too.",
      data: "Values that are text.",
      immutable: "Whether nothing of it can be changed any more.",
    },
  },
  ConfigMapNodeConfigSource: {
    about: "A ConfigMap with a kubelet's configuration. No longer used.",
    fields: {
      kubeletConfigKey: "The key with the configuration.",
      name,
      namespace: "Its namespace.",
      resourceVersion: "Its resourceVersion.",
      uid: "Its UID.",
    },
  },
  ContainerImage: { about: "An image on a node.", fields: { names: "Its names.", sizeBytes: "Its size in bytes." } },
  DaemonEndpoint: { about: "Where a program of a node listens.", fields: { Port: "The port." } },
  EndpointAddress: {
    about: "An address of a Service.",
    fields: {
      hostname: "Its name within the Service's domain.",
      ip: "The address. Not of the loopback or link-local networks.",
      nodeName: "The node it is on.",
      targetRef: "The object that has it, such as a pod.",
    },
  },
  EndpointPort: {
    about: "A port of a Service's addresses.",
    fields: {
      appProtocol: "The protocol on top, such as kubernetes.io/h2c.",
      name: "Its name, as in the Service.",
      port: "Its number.",
      protocol: "TCP (default), UDP or SCTP.",
    },
  },
  EndpointSubset: {
    about: "Addresses with the same ports: each address has each port.",
    fields: { addresses: "Those that take requests.", notReadyAddresses: "Those that do not.", ports: "The ports." },
  },
  Endpoints: {
    about: "The addresses behind a Service of the same name. Deprecated: use EndpointSlices.",
    fields: { subsets: "The addresses and ports." },
  },
  Event: {
    about: "Something that happened, reported by a part of the system. Kept for a limited time; not to be relied on.",
    fields: {
      action: "What was done, in a word.",
      count,
      eventTime: "When it was first seen, to the microsecond.",
      firstTimestamp: "When it first happened.",
      involvedObject: "The object it is about.",
      lastTimestamp: "When it last happened.",
      message: "What happened, for people.",
      reason: "Why, in a word.",
      related: "A second object that has to do with it.",
      reportingComponent: "Which controller reports it.",
      reportingInstance: "Which instance of it.",
      series: "How often it has happened, when it did more than once.",
      source: "Who reports it.",
      type: "Normal or Warning.",
    },
  },
  EventSeries: { about: "A thing that happens again and again.", fields: { count, lastObservedTime: "When last." } },
  EventSource: {
    about: "Who reports an event.",
    fields: { component: "The part of the system.", host: "The node it is on." },
  },
  LimitRange: {
    about: "How much containers, pods and claims of a namespace may ask for, and what they get when they do not say.",
  },
  LimitRangeItem: {
    about: "Limits for one type of thing.",
    fields: {
      default: "The limits of containers that give none.",
      defaultRequest: "The requests of containers that give none.",
      max: "At most.",
      maxLimitRequestRatio: "How many times its request a limit may be.",
      min: "At least.",
      type: "Container, Pod or PersistentVolumeClaim.",
    },
  },
  LimitRangeSpec: { about: "The limits.", fields: { limits: "The limits, by type." } },
  LoadBalancerIngress: {
    about: "One point at which a load balancer can be reached.",
    fields: {
      hostname: "Its host name.",
      ip: "Its address.",
      ipMode:
        "VIP (default): packets come with this address as their destination. Proxy: with that of the node or pod.",
      ports: "Its ports.",
    },
  },
  LoadBalancerStatus: { about: "Where a load balancer can be reached.", fields: { ingress: "The points." } },
  LocalObjectReference: { about: "An object of the same namespace.", fields: { name } },
  Namespace: { about: "A room for objects: names are unique within it, and rights and quotas are given for it." },
  NamespaceCondition: {
    about: "One thing that is, or is not, so of a namespace: mostly what keeps it from being deleted.",
  },
  NamespaceSpec: {
    about: "What must be done before a namespace goes.",
    fields: { finalizers: "What must be done. Entries are removed through the finalize subresource." },
  },
  NamespaceStatus: { about: "How a namespace is.", fields: { phase: "Active, or Terminating: it is being deleted." } },
  Node: { about: "A machine on which pods run." },
  NodeAddress: {
    about: "An address of a node.",
    fields: { address: "The address.", type: "Hostname, InternalIP, ExternalIP, InternalDNS or ExternalDNS." },
  },
  NodeCondition: {
    about:
      "One thing that is, or is not, so of a node: Ready, MemoryPressure, DiskPressure, PIDPressure or NetworkUnavailable.",
    fields: { lastHeartbeatTime: "When it was last reported." },
  },
  NodeConfigSource: {
    about: "Where a kubelet's configuration comes from. No longer used.",
    fields: { configMap: "A ConfigMap." },
  },
  NodeConfigStatus: {
    about: "Which configuration a kubelet has. No longer used.",
    fields: {
      active: "The one in use.",
      assigned: "The one it should use.",
      error: "What went wrong.",
      lastKnownGood: "The last that worked.",
    },
  },
  NodeDaemonEndpoints: { about: "Where programs of a node listen.", fields: { kubeletEndpoint: "The kubelet." } },
  NodeFeatures: {
    about: "What a node's runtime can do, whatever the handler.",
    fields: { supplementalGroupsPolicy: "Whether it knows supplementalGroupsPolicy." },
  },
  NodeRuntimeHandler: {
    about: "A handler of a node's runtime.",
    fields: { features: "What it can do.", name: "Its name. Empty: the default." },
  },
  NodeRuntimeHandlerFeatures: {
    about: "What a handler can do.",
    fields: {
      recursiveReadOnlyMounts: "Whether mounts can be read-only with all below.",
      userNamespaces: "Whether pods can have user namespaces.",
    },
  },
  NodeSpec: {
    about: "How a node is set up.",
    fields: {
      configSource: "No longer used.",
      externalID: "No longer used.",
      podCIDR: "The network of its pods.",
      podCIDRs: "The networks of its pods: one of each family at most. The first is podCIDR.",
      providerID: "What its cloud calls it: PROVIDER://ID.",
      taints: "What keeps pods away that do not put up with it.",
      unschedulable: "Whether no new pods come to it.",
    },
  },
  NodeStatus: {
    about: "How a node is, as it last reported.",
    fields: {
      addresses: "Its addresses.",
      allocatable: "What pods can have of its resources.",
      capacity: "What resources it has.",
      config: "No longer used.",
      daemonEndpoints: "Where its programs listen.",
      declaredFeatures: "Features of its kubelet that not all nodes of a cluster may have.",
      features: "What its runtime can do.",
      images: "The images it has.",
      nodeInfo: "Its machine, system and programs.",
      phase: "No longer used.",
      runtimeHandlers: "The handlers of its runtime.",
      volumesAttached: "Volumes that are attached to it.",
      volumesInUse: "Volumes that it has mounted.",
    },
  },
  NodeSwapStatus: { about: "The swap of a node.", fields: { capacity: "How many bytes." } },
  NodeSystemInfo: {
    about: "A node's machine, system and programs.",
    fields: {
      architecture: "The processor, such as amd64.",
      bootID: "Changes with every boot.",
      containerRuntimeVersion: "The container runtime, such as containerd://2.1.0.",
      kernelVersion: "The kernel.",
      kubeProxyVersion: "No longer filled in.",
      kubeletVersion: "The kubelet.",
      machineID: "The id of the system's installation.",
      operatingSystem: "The kind of system, such as linux.",
      osImage: "The system, such as Debian GNU/Linux 13.",
      swap: "Its swap.",
      systemUUID: "The id of the machine.",
    },
  },
  ObjectReference: {
    about: "An object of whatever kind, or a part of it.",
    fields: {
      apiVersion: "Its group and version.",
      fieldPath: "The part, such as spec.containers{web}.",
      kind: "Its kind.",
      name,
      namespace: "Its namespace.",
      resourceVersion: "Its resourceVersion.",
      uid: "Its UID.",
    },
  },
  PortStatus: {
    about: "A port of a load balancer.",
    fields: {
      error: "What is wrong with it, in a word for machines.",
      port: "Its number.",
      protocol: "TCP, UDP or SCTP.",
    },
  },
  ReplicationController: {
    about: "Keeps a number of equal pods running. The forerunner of ReplicaSet; use a Deployment.",
  },
  ReplicationControllerCondition: { about: "One thing that is, or is not, so of a ReplicationController." },
  ReplicationControllerSpec: {
    about: "How a ReplicationController is to be.",
    fields: {
      minReadySeconds: "How many seconds a new pod must be ready before it counts as available. Default 0.",
      replicas: "How many pods are wanted. Default 1; 0 is allowed.",
      selector: "Which pods belong to it, by their labels. By default those of the template.",
      template: "What the pods are made from.",
    },
  },
  ReplicationControllerStatus: {
    about: "How a ReplicationController is.",
    fields: {
      availableReplicas: "How many pods are available: ready for minReadySeconds.",
      fullyLabeledReplicas: "How many pods have all labels of the template.",
      observedGeneration: "The generation of the spec that the controller saw last.",
      readyReplicas: "How many pods are ready.",
      replicas: "How many pods there are.",
    },
  },
  ResourceQuota: { about: "How much all objects of a namespace may use together." },
  ResourceQuotaSpec: {
    about: "How much may be used.",
    fields: {
      hard: "How much of what, such as requests.cpu, pods or count/deployments.apps.",
      scopeSelector: "Only objects that this selects count.",
      scopes:
        "Only objects count that are of all these scopes: Terminating, NotTerminating, BestEffort, NotBestEffort, PriorityClass, CrossNamespacePodAffinity, VolumeAttributesClass.",
    },
  },
  ResourceQuotaStatus: { about: "How much is used.", fields: { hard: "How much may be used.", used: "How much is." } },
  ScopeSelector: {
    about: "Which objects count, by scope and value.",
    fields: { matchExpressions: "Conditions. All must be met." },
  },
  ScopedResourceSelectorRequirement: {
    about: "A condition on a scope.",
    fields: {
      operator: "In, NotIn, Exists or DoesNotExist.",
      scopeName: "The scope.",
      values: "The values for In and NotIn.",
    },
  },
  Secret: {
    about: "Something to be kept secret, as keys and values. At most 1 MiB.",
    fields: {
      data: "The values, in base64.",
      immutable: "Whether nothing of it can be changed any more.",
      stringData: "Values as text. They are put into data when it is written, and never read back.",
      type: "What it is for, such as kubernetes.io/tls. Default Opaque. Cannot be changed.",
    },
  },
  SecretReference: { about: "A Secret.", fields: { name, namespace: "Its namespace." } },
  Service: { about: "One address for pods that do the same." },
  ServiceAccount: {
    about: "Someone for programs to be: what runs in pods acts by it.",
    fields: {
      automountServiceAccountToken: "Whether its token is mounted in pods. Default true; a pod may say otherwise.",
      imagePullSecrets: "Secrets with which images of its pods are pulled.",
      secrets: "Secrets that its pods may use, when that is enforced by annotation.",
    },
  },
  ServicePort: {
    about: "A port of a Service.",
    fields: {
      appProtocol: "The protocol on top, such as kubernetes.io/h2c or https.",
      name: "Its name. Required when there are several.",
      nodePort: "The port of every node that leads to it, for NodePort and LoadBalancer. By default one is given.",
      port: "Its number.",
      protocol: "TCP (default), UDP or SCTP.",
      targetPort: "The port of the pods, by number or name. By default the same number.",
    },
  },
  ServiceSpec: {
    about: "Which pods a Service is for, and how it can be reached.",
    fields: {
      allocateLoadBalancerNodePorts: "Whether a LoadBalancer Service gets ports of the nodes. Default true.",
      clusterIP:
        "Its address in the cluster. By default one is given; None is none: its name leads to the pods themselves. Cannot be changed.",
      clusterIPs: "Its addresses: one of each family at most. The first is clusterIP.",
      externalIPs: "More addresses that nodes take traffic for. Nobody in the cluster sees to it that it gets there.",
      externalName: "The name that its name stands for. Only for ExternalName.",
      externalTrafficPolicy:
        "Where traffic from outside goes: Cluster (default) to all pods, Local to those of the node it came to, keeping the client's address.",
      healthCheckNodePort:
        "The port of the nodes that says whether one has pods of it. Only for LoadBalancer with Local.",
      internalTrafficPolicy:
        "Where traffic from the cluster goes: Cluster (default) to all pods, Local to those of the same node.",
      ipFamilies: "Its families: IPv4, IPv6, or both. By default as the cluster has it.",
      ipFamilyPolicy: "SingleStack (default), PreferDualStack or RequireDualStack.",
      loadBalancerClass: "Who makes the load balancer. By default the cluster's cloud. Cannot be changed.",
      loadBalancerIP: "The address the load balancer should have. Deprecated; clouds have annotations for it.",
      loadBalancerSourceRanges: "The networks that the load balancer takes traffic from. By default all.",
      ports: "The ports.",
      publishNotReadyAddresses: "Whether pods count that are not ready. Default false.",
      selector: "Labels of the pods. Without it, endpoints are written by someone else.",
      sessionAffinity: "ClientIP: a client keeps its pod. None (default): it does not.",
      sessionAffinityConfig: "For how long.",
      trafficDistribution:
        "Which pods are preferred: PreferSameZone (or PreferClose) those of the client's zone, PreferSameNode those of its node.",
      type: "ClusterIP (default): an address in the cluster. NodePort: a port of every node as well. LoadBalancer: a load balancer as well. ExternalName: another name.",
    },
  },
  ServiceStatus: { about: "How a Service is.", fields: { loadBalancer: "Where its load balancer can be reached." } },
  SessionAffinityConfig: { about: "How a client keeps its pod.", fields: { clientIP: "By its address." } },
  Taint: {
    about: "What keeps pods away from a node that do not put up with it.",
    fields: {
      effect: "NoSchedule: none come. PreferNoSchedule: rather none. NoExecute: none come, and those there go.",
      key: "Its key.",
      timeAdded: "When it was added.",
      value: "Its value.",
    },
  },
  TopologySelectorLabelRequirement: {
    about: "Values that a label of nodes may have.",
    fields: { key: "The label.", values: "The values." },
  },
  TopologySelectorTerm: {
    about: "A part of the cluster, by labels of nodes.",
    fields: { matchLabelExpressions: "Conditions. All must be met." },
  },
  TypedLocalObjectReference: {
    about: "An object of the same namespace.",
    fields: { apiGroup: "Its group. Empty for the core group.", kind: "Its kind.", name },
  },
  TypedObjectReference: {
    about: "An object.",
    fields: {
      apiGroup: "Its group. Empty for the core group.",
      kind: "Its kind.",
      name,
      namespace: "Its namespace, when it is another; a ReferenceGrant there must allow it.",
    },
  },
};
