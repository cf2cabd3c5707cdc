import type { Descriptions } from "./description.ts";

/** Beta and alpha types that have no stable form, by group and version. */

const conditions = "What is, and what is not, so of it.";

const leaseCandidate: Descriptions = {
  LeaseCandidate: { about: "Someone who would hold a Lease: what coordinated leader election chooses among." },
  LeaseCandidateSpec: {
    about: "Who, and for which lease.",
    fields: {
      binaryVersion: "The version of the candidate's program.",
      emulationVersion: "The version it behaves like.",
      leaseName: "The lease. Cannot be changed.",
      pingTime: "When it was last asked whether it is still there: it then renews.",
      renewTime: "When it last said that it is there. Old candidates are removed.",
      strategy: "How it would have the holder chosen. That of the lowest version counts.",
    },
  },
};

const clusterTrustBundle: Descriptions = {
  ClusterTrustBundle: { about: "Certificates of authorities that pods can mount. Everyone may read it." },
  ClusterTrustBundleSpec: {
    about: "The certificates.",
    fields: {
      signerName: "The signer they are of, if any. Then the name begins with SIGNER:. Cannot be changed.",
      trustBundle: "The certificates, in PEM.",
    },
  },
};

const deviceTaintRule: Descriptions = {
  DeviceTaintRule: { about: "Taints devices that a selector fits." },
  DeviceTaintRuleSpec: {
    about: "Which devices, and the taint.",
    fields: { deviceSelector: "Which devices. Absent: none.", taint: "The taint." },
  },
  DeviceTaintRuleStatus: { about: "How far the rule is carried out.", fields: { conditions } },
  DeviceTaintSelector: {
    about: "Which devices: those that all given fields fit.",
    fields: { device: "The device.", driver: "The driver.", pool: "The pool." },
  },
};

const disruptionMode = "Whether pods of the group can be disrupted one by one or only together.";
const priority = "How important the group is. Set from its PriorityClass.";
const priorityClassName = "The PriorityClass of the group.";
const resourceClaims = "ResourceClaims that the pods of the group share.";
const schedulingConstraints = "Where the pods of the group must be.";
const schedulingPolicy = "How the pods of the group are scheduled.";

export const unstable: Readonly<Record<string, Descriptions>> = {
  "io.k8s.api.apiserverinternal.v1alpha1": {
    ServerStorageVersion: {
      about: "In which versions one API server stores and reads a resource.",
      fields: {
        apiServerID: "The server.",
        decodableVersions: "The versions it can read.",
        encodingVersion: "The version it stores in.",
        servedVersions: "The versions it serves.",
      },
    },
    StorageVersion: { about: "In which versions the API servers store a resource. Its name is GROUP.RESOURCE." },
    StorageVersionCondition: { about: "One thing that is, or is not, so of a storage version." },
    StorageVersionSpec: { about: "Empty." },
    StorageVersionStatus: {
      about: "In which versions the API servers store a resource.",
      fields: {
        commonEncodingVersion: "The version in which all store it, if they agree.",
        conditions,
        storageVersions: "What each of them does.",
      },
    },
  },
  "io.k8s.api.certificates.v1alpha1": clusterTrustBundle,
  "io.k8s.api.certificates.v1beta1": {
    ...clusterTrustBundle,
    PodCertificateRequest: { about: "A request, by a kubelet, for a certificate for one of its pods." },
    PodCertificateRequestSpec: {
      about: "For which pod, and for which key. Cannot be changed.",
      fields: {
        maxExpirationSeconds: "How long the certificate may hold at most, in seconds: 3600 to 7862400. Default 86400.",
        nodeName: "The node of the pod.",
        nodeUID: "The UID of the node.",
        pkixPublicKey: "The public key, in PKIX DER.",
        podName: "The pod.",
        podUID: "The UID of the pod.",
        proofOfPossession: "The pod's UID, signed with the key.",
        serviceAccountName: "The service account of the pod.",
        serviceAccountUID: "The UID of the service account.",
        signerName: "Who should sign.",
        stubPKCS10Request: "A PKCS#10 request that holds only the key and its proof.",
        unverifiedUserAnnotations: "What else the pod wants the signer to know. Nobody has checked it.",
      },
    },
    PodCertificateRequestStatus: {
      about: "What has become of a request.",
      fields: {
        beginRefreshAt: "From when to ask for the next one.",
        certificateChain: "The certificate, with those above it, in PEM.",
        conditions: "What was decided: Issued, Denied or Failed, one of them.",
        notAfter: "Until when it holds.",
        notBefore: "From when it holds.",
      },
    },
  },
  "io.k8s.api.coordination.v1alpha2": leaseCandidate,
  "io.k8s.api.coordination.v1beta1": leaseCandidate,
  "io.k8s.api.resource.v1alpha3": {
    ...deviceTaintRule,
    PoolStatus: {
      about: "How a pool of devices is.",
      fields: {
        allocatedDevices: "How many devices are allocated.",
        availableDevices: "How many can be.",
        driver: "Its driver.",
        generation: "Its generation.",
        nodeName: "Its node, if it is of one.",
        poolName: "Its name.",
        resourceSliceCount: "How many slices it has.",
        totalDevices: "How many devices it has.",
        unavailableDevices: "How many cannot be allocated, by taints for instance.",
        validationError: "What is wrong with it; the figures are then absent.",
      },
    },
    ResourcePoolStatusRequest: { about: "A question how pools of devices are." },
    ResourcePoolStatusRequestSpec: {
      about: "Which pools. Cannot be changed.",
      fields: { driver: "Those of this driver.", limit: "How many at most.", poolName: "Those of this name." },
    },
    ResourcePoolStatusRequestStatus: {
      about: "The answer.",
      fields: { conditions, poolCount: "How many pools there are, also beyond the limit.", pools: "How they are." },
    },
  },
  "io.k8s.api.resource.v1beta2": deviceTaintRule,
  "io.k8s.api.scheduling.v1alpha2": {
    BasicSchedulingPolicy: { about: "Pods are scheduled one by one." },
    GangSchedulingPolicy: {
      about: "Pods are scheduled together or not at all.",
      fields: { minCount: "How many must find a place at the same time." },
    },
    PodGroup: { about: "Pods that are scheduled together." },
    PodGroupResourceClaim: {
      about: "A ResourceClaim that pods of a group share: one that there is, or one made from a template.",
      fields: {
        name: "What the pods call it.",
        resourceClaimName: "A claim that there is.",
        resourceClaimTemplateName: "A template from which one is made for the group.",
      },
    },
    PodGroupResourceClaimStatus: {
      about: "The claim that was made for a group.",
      fields: { name: "What the pods call it.", resourceClaimName: "The claim." },
    },
    PodGroupSchedulingConstraints: {
      about: "Where the pods of a group must be.",
      fields: { topology: "In one part of the cluster, by these labels of nodes." },
    },
    PodGroupSchedulingPolicy: {
      about: "How the pods of a group are scheduled: one of these.",
      fields: { basic: "One by one.", gang: "Together or not at all." },
    },
    PodGroupSpec: {
      about: "How a group is scheduled.",
      fields: {
        disruptionMode,
        podGroupTemplateRef: "The template it was made from.",
        priority,
        priorityClassName,
        resourceClaims,
        schedulingConstraints,
        schedulingPolicy,
      },
    },
    PodGroupStatus: {
      about: "How a group is.",
      fields: { conditions, resourceClaimStatuses: "The claims that were made for it." },
    },
    PodGroupTemplate: {
      about: "What groups are made from.",
      fields: {
        disruptionMode,
        name: "Its name, unique in the Workload.",
        priority,
        priorityClassName,
        resourceClaims,
        schedulingConstraints,
        schedulingPolicy,
      },
    },
    PodGroupTemplateReference: {
      about: "The template a group was made from.",
      fields: { workload: "One of a Workload." },
    },
    TopologyConstraint: {
      about: "One part of the cluster.",
      fields: { key: "The label of nodes: those with the same value are one part." },
    },
    TypedLocalObjectReference: {
      about: "An object of the same namespace.",
      fields: { apiGroup: "Its group. Empty for the core group.", kind: "Its kind.", name: "Its name." },
    },
    Workload: { about: "Groups of pods that belong together, and how they are scheduled." },
    WorkloadPodGroupTemplateReference: {
      about: "A template of a Workload.",
      fields: { podGroupTemplateName: "The template.", workloadName: "The Workload." },
    },
    WorkloadSpec: {
      about: "The groups of a workload.",
      fields: {
        controllerRef: "The object that the workload is for, such as a Job.",
        podGroupTemplates: "What the groups are made from.",
      },
    },
  },
  "io.k8s.api.storagemigration.v1beta1": {
    StorageVersionMigration: {
      about: "A request to write all objects of a resource anew, in the version they should be stored in.",
    },
    StorageVersionMigrationSpec: { about: "Which resource.", fields: { resource: "The resource. Cannot be changed." } },
    StorageVersionMigrationStatus: {
      about: "How far a migration is.",
      fields: {
        conditions: "Whether it is Running, Succeeded or Failed.",
        resourceVersion: "Up to which resourceVersion objects are written anew.",
      },
    },
  },
};
