import type { Descriptions } from "./description.ts";

const minReadySeconds =
  "How many seconds a new pod must be ready, without a crash of its containers, before it counts as available. Default 0.";
const observedGeneration = "The generation of the spec that the controller saw last.";
const template = "What the pods are made from.";
const selector =
  "Which pods belong to it, by their labels. It must match the labels of the template, and cannot be changed.";
const collisionCount =
  "How many names for a revision were taken already; the controller counts it up to find a free one.";
const terminatingReplicas = "How many of its pods are being deleted and have not ended yet.";

export const appsV1: Descriptions = {
  ControllerRevision: {
    about:
      "A state that a DaemonSet or StatefulSet had, kept so that it can be returned to. Made by controllers; its data cannot be changed.",
    fields: { data: "The state.", revision: "The number of this state: a later one has a higher number." },
  },
  DaemonSet: { about: "Runs one copy of a pod on every node, or on those that are selected." },
  DaemonSetCondition: { about: "One thing that is, or is not, so of a DaemonSet." },
  DaemonSetSpec: {
    about: "How a DaemonSet is to be.",
    fields: {
      minReadySeconds,
      revisionHistoryLimit: "How many earlier states are kept to return to. Default 10.",
      selector,
      template: "What the pods are made from. One runs on each node that fits the template's node selector, or on all.",
      updateStrategy: "How running pods are replaced when the template changes.",
    },
  },
  DaemonSetStatus: {
    about: "How a DaemonSet is, as its controller last saw it.",
    fields: {
      collisionCount,
      currentNumberScheduled: "On how many nodes a pod runs that should run there.",
      desiredNumberScheduled: "On how many nodes a pod should run.",
      numberAvailable: "On how many nodes that should have one a pod is available: ready for minReadySeconds.",
      numberMisscheduled: "On how many nodes a pod runs that should not run there.",
      numberReady: "On how many nodes that should have one a pod is ready.",
      numberUnavailable: "On how many nodes that should have one no pod is available.",
      observedGeneration,
      updatedNumberScheduled: "On how many nodes a pod of the present template runs.",
    },
  },
  DaemonSetUpdateStrategy: {
    about: "How a DaemonSet replaces its pods.",
    fields: {
      rollingUpdate: "The figures of a rolling update. Only for the type RollingUpdate.",
      type: "RollingUpdate (default) replaces pods by itself; OnDelete makes a new one only after the old one was deleted.",
    },
  },
  Deployment: {
    about: "Keeps a number of equal pods running and replaces them step by step when their template changes.",
  },
  DeploymentCondition: {
    about: "One thing that is, or is not, so of a Deployment: Available, Progressing or ReplicaFailure.",
    fields: { lastUpdateTime: "When the condition was last written." },
  },
  DeploymentSpec: {
    about: "How a Deployment is to be.",
    fields: {
      minReadySeconds,
      paused: "While true, changes of the template are not rolled out.",
      progressDeadlineSeconds:
        "How many seconds a rollout may go without progress before its Progressing condition becomes False, with the reason ProgressDeadlineExceeded. Pauses do not count. Default 600.",
      replicas: "How many pods are wanted. Default 1; 0 is allowed.",
      revisionHistoryLimit: "How many old ReplicaSets are kept to return to. Default 10.",
      selector,
      strategy: "How running pods are replaced when the template changes.",
      template: "What the pods are made from. Its restartPolicy must be Always.",
    },
  },
  DeploymentStatus: {
    about: "How a Deployment is, as its controller last saw it.",
    fields: {
      availableReplicas: "How many pods are available: ready for minReadySeconds.",
      collisionCount,
      observedGeneration,
      readyReplicas: "How many pods are ready.",
      replicas: "How many pods there are, those being deleted aside.",
      terminatingReplicas,
      unavailableReplicas:
        "How many pods are missing for all wanted ones to be available: not there yet, or not ready.",
      updatedReplicas: "How many pods are of the present template.",
    },
  },
  DeploymentStrategy: {
    about: "How a Deployment replaces its pods.",
    fields: {
      rollingUpdate: "The figures of a rolling update. Only for the type RollingUpdate.",
      type: "RollingUpdate (default) brings new pods while old ones serve; Recreate ends all old ones first.",
    },
  },
  ReplicaSet: { about: "Keeps a number of equal pods running. Usually made by a Deployment." },
  ReplicaSetCondition: { about: "One thing that is, or is not, so of a ReplicaSet." },
  ReplicaSetSpec: {
    about: "How a ReplicaSet is to be.",
    fields: { minReadySeconds, replicas: "How many pods are wanted. Default 1; 0 is allowed.", selector, template },
  },
  ReplicaSetStatus: {
    about: "How a ReplicaSet is, as its controller last saw it.",
    fields: {
      availableReplicas: "How many pods are available: ready for minReadySeconds.",
      fullyLabeledReplicas: "How many pods have all labels of the template.",
      observedGeneration,
      readyReplicas: "How many pods are ready.",
      replicas: "How many pods there are, those being deleted aside.",
      terminatingReplicas,
    },
  },
  RollingUpdateDaemonSet: {
    about: "The figures of a DaemonSet's rolling update.",
    fields: {
      maxSurge:
        "On how many nodes a new pod may run beside the old one until it is available: a number, or a share of all such as 10%. Default 0. Not 0 when maxUnavailable is 0.",
      maxUnavailable:
        "On how many nodes no pod may be available during the update: a number, or a share of all such as 10%. Default 1.",
    },
  },
  RollingUpdateDeployment: {
    about: "The figures of a Deployment's rolling update.",
    fields: {
      maxSurge:
        "How many pods there may be beyond those wanted: a number, or a share such as 25%, rounded up. Default 25%.",
      maxUnavailable:
        "How many of the wanted pods may be missing: a number, or a share such as 25%, rounded down. Default 25%. Not 0 when maxSurge is 0.",
    },
  },
  RollingUpdateStatefulSetStrategy: {
    about: "The figures of a StatefulSet's rolling update.",
    fields: {
      maxUnavailable:
        "How many pods may be unavailable at a time: a number, or a share such as 10%, rounded up. Default 1.",
      partition: "Only pods with this ordinal or a higher one are replaced. Default 0: all.",
    },
  },
  StatefulSet: {
    about:
      "Runs pods that each have a name, a network name and volumes of their own, which they keep when they are replaced.",
  },
  StatefulSetCondition: { about: "One thing that is, or is not, so of a StatefulSet." },
  StatefulSetOrdinals: {
    about: "How the pods of a StatefulSet are numbered.",
    fields: { start: "The number of the first pod. Default 0." },
  },
  StatefulSetPersistentVolumeClaimRetentionPolicy: {
    about: "Whether claims made from a StatefulSet's templates outlive their pods.",
    fields: {
      whenDeleted: "When the StatefulSet is deleted: Retain (default) keeps the claims, Delete deletes them.",
      whenScaled: "When it is scaled down: Retain (default) keeps the claims of the pods that go, Delete deletes them.",
    },
  },
  StatefulSetSpec: {
    about: "How a StatefulSet is to be.",
    fields: {
      minReadySeconds,
      ordinals: "How the pods are numbered. By default from 0.",
      persistentVolumeClaimRetentionPolicy:
        "Whether claims made from the templates outlive their pods. By default they do.",
      podManagementPolicy:
        "OrderedReady (default) makes pods one after the other, each when the one before is ready, and ends them the other way round; Parallel does not wait.",
      replicas: "How many pods are wanted. Default 1.",
      revisionHistoryLimit: "How many earlier states are kept to return to. Default 10.",
      selector,
      serviceName:
        "The headless Service that gives the pods their network names, POD.SERVICE.NAMESPACE.svc. It has to be made separately.",
      template: "What the pods are made from. Each is named after the StatefulSet and its number, such as web-0.",
      updateStrategy: "How running pods are replaced when the template changes.",
      volumeClaimTemplates:
        "Claims that every pod gets one each of. A container mounts one by its name; they come before volumes of the template with the same name.",
    },
  },
  StatefulSetStatus: {
    about: "How a StatefulSet is, as its controller last saw it.",
    fields: {
      availableReplicas: "How many pods are available: ready for minReadySeconds.",
      collisionCount,
      currentReplicas: "How many pods are of currentRevision.",
      currentRevision: "The revision that pods have which an update has not reached.",
      observedGeneration,
      readyReplicas: "How many pods are ready.",
      replicas: "How many pods there are.",
      updateRevision: "The revision of the present template.",
      updatedReplicas: "How many pods are of updateRevision.",
    },
  },
  StatefulSetUpdateStrategy: {
    about: "How a StatefulSet replaces its pods.",
    fields: {
      rollingUpdate: "The figures of a rolling update. Only for the type RollingUpdate.",
      type: "RollingUpdate (default) replaces pods from the highest number down; OnDelete makes a new one only after the old one was deleted.",
    },
  },
};
