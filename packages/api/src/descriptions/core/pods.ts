import type { Descriptions } from "../description.ts";

const preferred = "Where pods should rather be: the place with the highest sum of weights is taken.";
const required = "Where pods must be. What changes later does not drive them away.";
const selectorTerm = "Conditions on labels. All must be met.";

/** Pods, where they go and how they are. */
export const pods: Descriptions = {
  Affinity: {
    about: "Where a pod must, should or should not be.",
    fields: {
      nodeAffinity: "By labels of nodes.",
      podAffinity: "Near certain pods.",
      podAntiAffinity: "Away from certain pods.",
    },
  },
  Binding: {
    about: "That a pod is to run on a node. It is posted to the pod's binding subresource, by the scheduler.",
    fields: { target: "The node." },
  },
  ContainerExtendedResourceRequest: {
    about: "Which request of a claim stands for an extended resource of a container.",
    fields: {
      containerName: "The container.",
      requestName: "The request of the claim.",
      resourceName: "The extended resource.",
    },
  },
  HostAlias: { about: "A line of a pod's /etc/hosts.", fields: { hostnames: "The names.", ip: "The address." } },
  HostIP: { about: "An address of a node.", fields: { ip: "The address." } },
  NodeAffinity: {
    about: "On which nodes a pod must or should be.",
    fields: {
      preferredDuringSchedulingIgnoredDuringExecution: preferred,
      requiredDuringSchedulingIgnoredDuringExecution: required,
    },
  },
  NodeAllocatableResourceClaimStatus: {
    about: "What a claim takes of a node's own resources.",
    fields: {
      containers: "The containers that use it.",
      resourceClaimName: "The claim.",
      resources: "How much of which resource.",
    },
  },
  NodeSelector: {
    about: "Which nodes: those that any of the terms is for.",
    fields: { nodeSelectorTerms: "The terms." },
  },
  NodeSelectorRequirement: {
    about: "A condition on the value of one label or field of a node.",
    fields: {
      key: "The label or field.",
      operator: "In, NotIn, Exists, DoesNotExist, Gt or Lt.",
      values: "The values for In and NotIn, one number for Gt and Lt, none for the others.",
    },
  },
  NodeSelectorTerm: {
    about: "Conditions on a node. All must be met; an empty term is for none.",
    fields: { matchExpressions: selectorTerm, matchFields: "Conditions on fields: metadata.name." },
  },
  Pod: { about: "Containers that run together on one node, with one address and common volumes." },
  PodAffinity: {
    about: "Near which pods a pod must or should be.",
    fields: {
      preferredDuringSchedulingIgnoredDuringExecution: preferred,
      requiredDuringSchedulingIgnoredDuringExecution: required,
    },
  },
  PodAffinityTerm: {
    about: "Certain pods, and what counts as being where they are.",
    fields: {
      labelSelector: "Which pods. Absent: none.",
      matchLabelKeys: "Labels in which they must be like the pod that comes.",
      mismatchLabelKeys: "Labels in which they must be unlike the pod that comes.",
      namespaceSelector: "In which namespaces, by labels. Empty: in all.",
      namespaces: "In which namespaces, by name. Without either, in the pod's own.",
      topologyKey: "A label of nodes: those with the same value are one place. Required.",
    },
  },
  PodAntiAffinity: {
    about: "Away from which pods a pod must or should be.",
    fields: {
      preferredDuringSchedulingIgnoredDuringExecution:
        "Where pods should rather not be: the place with the highest sum of weights is avoided.",
      requiredDuringSchedulingIgnoredDuringExecution:
        "Where pods must not be. What changes later does not drive them away.",
    },
  },
  PodCondition: {
    about: "One thing that is, or is not, so of a pod: such as PodScheduled, Initialized, ContainersReady or Ready.",
  },
  PodDNSConfig: {
    about: "How names are looked up in a pod, beyond what dnsPolicy says.",
    fields: {
      nameservers: "Addresses of servers. At most 3 in all.",
      options: "Options of the resolver.",
      searches: "Domains in which short names are looked up.",
    },
  },
  PodDNSConfigOption: {
    about: "An option of the resolver.",
    fields: { name: "Its name, such as ndots.", value: "Its value, if it has one." },
  },
  PodExtendedResourceClaimStatus: {
    about: "The claim that was made for a pod's extended resources.",
    fields: {
      requestMappings: "Which of its requests is for which resource of which container.",
      resourceClaimName: "The name of the claim.",
    },
  },
  PodIP: { about: "An address of a pod.", fields: { ip: "The address." } },
  PodOS: { about: "The operating system of a pod.", fields: { name: "linux or windows." } },
  PodReadinessGate: {
    about: "A condition without which a pod is not ready.",
    fields: { conditionType: "The type of the condition." },
  },
  PodResourceClaim: {
    about: "A ResourceClaim of a pod: one that there is, or one made from a template, one of the two.",
    fields: {
      name: "What the pod's containers call it.",
      resourceClaimName: "A claim that there is. Several pods may share it.",
      resourceClaimTemplateName: "A template from which one is made for this pod, to end with it.",
    },
  },
  PodResourceClaimStatus: {
    about: "The claim that was made for an entry of a pod's resourceClaims.",
    fields: { name: "What the pod calls it.", resourceClaimName: "The claim. Absent when none was needed." },
  },
  PodSchedulingGate: { about: "Something without which a pod is not scheduled.", fields: { name: "Its name." } },
  PodSchedulingGroup: {
    about: "With which pods a pod is scheduled.",
    fields: { podGroupName: "The name of their PodGroup." },
  },
  PodSecurityContext: {
    about: "With which rights the containers of a pod run. What a container says itself comes first.",
    fields: {
      appArmorProfile: "Which AppArmor profile confines them.",
      fsGroup: "A group that all of them are in, and that volumes are given to.",
      fsGroupChangePolicy:
        "When files of a volume are given to fsGroup: Always (default), or OnRootMismatch: only when its root is not.",
      runAsGroup: "The group they run as. By default the image's.",
      runAsNonRoot: "Refuse to start them as user 0.",
      runAsUser: "The user they run as. By default the image's.",
      seLinuxChangePolicy:
        "How files of a volume get their SELinux label: MountOption (default where it works), or Recursive, one by one.",
      seLinuxOptions: "Their SELinux context. By default the runtime chooses one for each.",
      seccompProfile: "Which system calls they may use.",
      supplementalGroups: "More groups they are in.",
      supplementalGroupsPolicy: "Merge (default): also the groups the image says. Strict: not those.",
      sysctls: "Kernel parameters of the pod.",
      windowsOptions: "What only Windows has.",
    },
  },
  PodSpec: {
    about: "What a pod runs, and where.",
    fields: {
      activeDeadlineSeconds: "How many seconds the pod may be active on its node before it is failed and ended.",
      affinity: "Where the pod must, should or should not be.",
      automountServiceAccountToken:
        "Whether a token of the service account is mounted. By default as the account says.",
      containers: "The containers: at least one. None can be added or removed later.",
      dnsConfig: "How names are looked up, beyond dnsPolicy.",
      dnsPolicy:
        "How names are looked up: ClusterFirst (default), ClusterFirstWithHostNet, Default (as on the node) or None (by dnsConfig alone).",
      enableServiceLinks: "Whether Services of the namespace become environment variables. Default true.",
      ephemeralContainers:
        "Containers put in later, to look at the pod. Through the ephemeralcontainers subresource only.",
      hostAliases: "More lines of /etc/hosts.",
      hostIPC: "Whether it shares the node's inter-process communication. Default false.",
      hostNetwork: "Whether it uses the node's network. Its ports must then be free on the node. Default false.",
      hostPID: "Whether it sees the node's processes. Default false.",
      hostUsers: "Whether its users are the node's. False gives it a user namespace of its own. Default true.",
      hostname: "Its host name. By default the pod's name.",
      hostnameOverride: "Its host name, also with dots. It comes before the other ways to set one.",
      imagePullSecrets: "Secrets with which images are pulled.",
      initContainers:
        "Containers that are run before the others, one after the other, each to its end; sidecars, with restartPolicy Always, stay.",
      nodeName: "The node it runs on. Set by the scheduler; set by hand, the scheduler is passed over.",
      nodeSelector: "Labels that the node must have.",
      os: "The operating system its containers need. Some fields are not allowed for the other one.",
      overhead: "What the pod needs beyond its containers. Set from its RuntimeClass.",
      preemptionPolicy: "Whether it may push less important pods off: PreemptLowerPriority (default) or Never.",
      priority: "How important it is. Set from its PriorityClass.",
      priorityClassName: "Its PriorityClass. system-node-critical and system-cluster-critical are the highest.",
      readinessGates: "Conditions without which it is not ready, beyond its containers.",
      resourceClaims: "ResourceClaims that must be there and allocated before it starts.",
      resources: "What all containers together need and may have: cpu, memory and hugepages.",
      restartPolicy: "When its containers are restarted: Always (default), OnFailure or Never.",
      runtimeClassName: "The RuntimeClass by which it is run. By default the node's usual way.",
      schedulerName: "Who schedules it. Default default-scheduler.",
      schedulingGates: "What must be removed before it is scheduled. They can only be set when it is made.",
      schedulingGroup: "With which pods it is scheduled.",
      securityContext: "With which rights its containers run.",
      serviceAccount: "The old name of serviceAccountName.",
      serviceAccountName: "The service account it runs as. Default default.",
      setHostnameAsFQDN: "Whether its host name is the whole one, with the domain. Default false.",
      shareProcessNamespace: "Whether its containers see each other's processes. Default false.",
      subdomain: "With a headless Service of this name, it is found as HOSTNAME.SUBDOMAIN.NAMESPACE.svc.",
      terminationGracePeriodSeconds:
        "How many seconds it has to end when it is asked to, before it is killed. Default 30.",
      tolerations: "Taints of nodes that it puts up with.",
      topologySpreadConstraints: "How it is spread, with pods like it, over parts of the cluster. All must be met.",
      volumes: "Volumes that its containers can mount.",
    },
  },
  PodStatus: {
    about: "How a pod is, as its node last reported.",
    fields: {
      allocatedResources: "What the node has set aside for the whole pod.",
      conditions: "What is, and what is not, so of the pod.",
      containerStatuses: "How its containers are.",
      ephemeralContainerStatuses: "How its ephemeral containers are.",
      extendedResourceClaimStatus: "The claim that was made for its extended resources.",
      hostIP: "The address of its node.",
      hostIPs: "All addresses of its node.",
      initContainerStatuses: "How its init containers are.",
      message: "Why it is so, for people.",
      nodeAllocatableResourceClaimStatuses: "What its claims take of the node's own resources.",
      nominatedNodeName: "The node on which others are being pushed off for it.",
      observedGeneration: "The generation of the spec that this is about.",
      phase: "Where it is in its life: Pending, Running, Succeeded, Failed or Unknown.",
      podIP: "Its address.",
      podIPs: "All its addresses: one of each family at most.",
      qosClass: "Guaranteed, Burstable or BestEffort: in which order pods go when memory is short.",
      reason: "Why it is so, in a word, such as Evicted.",
      resize: "No longer used: there are conditions instead.",
      resourceClaimStatuses: "The claims that were made for it.",
      resources: "What the whole pod needs and may have at present.",
      startTime: "When its node took it on.",
    },
  },
  PodTemplate: { about: "What pods are made from, kept by itself.", fields: { template: "The template." } },
  PodTemplateSpec: {
    about: "What pods are made from.",
    fields: { metadata: "Labels and annotations of the pods.", spec: "What the pods run." },
  },
  PreferredSchedulingTerm: {
    about: "Nodes that are preferred, and how much.",
    fields: { preference: "Which nodes.", weight: "How much: 1 to 100." },
  },
  Sysctl: { about: "A kernel parameter.", fields: { name: "Its name.", value: "Its value." } },
  Toleration: {
    about: "Taints that a pod puts up with.",
    fields: {
      effect: "Of which effect: NoSchedule, PreferNoSchedule or NoExecute. Empty: of any.",
      key: "Of which key. Empty, with Exists: of any.",
      operator: "Equal (default): of this value. Exists: of any. Lt, Gt: of a number below or above.",
      tolerationSeconds: "For how many seconds, with NoExecute. Absent: for ever.",
      value: "Of which value.",
    },
  },
  TopologySpreadConstraint: {
    about: "How evenly pods are spread over parts of the cluster.",
    fields: {
      labelSelector: "Which pods are counted.",
      matchLabelKeys: "Labels in which they must be like the pod that comes.",
      maxSkew: "How many more of them one part may have than the one with fewest.",
      minDomains:
        "How many parts there should be at least; while there are fewer, the fewest counts as 0. Only with DoNotSchedule.",
      nodeAffinityPolicy:
        "Whether only nodes count that the pod's nodeSelector and affinity allow: Honor (default) or Ignore.",
      nodeTaintsPolicy:
        "Whether nodes count whose taints the pod does not put up with: Ignore (default): they do. Honor: they do not.",
      topologyKey: "A label of nodes: those with the same value are one part.",
      whenUnsatisfiable: "When it cannot be met: DoNotSchedule, or ScheduleAnyway, as evenly as can be.",
    },
  },
  WeightedPodAffinityTerm: {
    about: "Pods to be near to or away from, and how much.",
    fields: { podAffinityTerm: "The pods.", weight: "How much: 1 to 100." },
  },
};
