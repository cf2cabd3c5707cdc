import type { Descriptions } from "./description.ts";

export const storageV1: Descriptions = {
  CSIDriver: {
    about: "A storage driver that is installed in the cluster, and what it can do. Its name is the driver's.",
  },
  CSIDriverSpec: {
    about: "What a storage driver can do and wants to be told.",
    fields: {
      attachRequired:
        "Whether volumes must be attached to a node before they are mounted. Default true. Cannot be changed.",
      fsGroupPolicy:
        "Whether a volume's owner and mode are set to a pod's fsGroup: ReadWriteOnceWithFSType (default), File always, None never.",
      nodeAllocatableUpdatePeriodSeconds:
        "How often to ask how many volumes a node can take: 10 seconds or more. Absent: once.",
      podInfoOnMount: "Whether the driver is told which pod it mounts for. Default false.",
      preventPodSchedulingIfMissing:
        "Whether pods with its volumes may not be scheduled to nodes that lack the driver. Default false.",
      requiresRepublish:
        "Whether the driver is called for mounted volumes again and again, to renew what is in them. Default false.",
      seLinuxMount: "Whether volumes can be mounted with an SELinux context. Default false.",
      serviceAccountTokenInSecrets:
        "Whether tokens are handed over among the secrets and not in the volume's context. Default false.",
      storageCapacity:
        "Whether pods should be scheduled by how much storage CSIStorageCapacity objects say there is. Default false.",
      tokenRequests: "Tokens of the pod's service account that the driver is given when it mounts.",
      volumeLifecycleModes:
        "Persistent (default): volumes of claims. Ephemeral: volumes that are written in the pod and live as long.",
    },
  },
  CSINode: { about: "The storage drivers of a node. Its name is the node's." },
  CSINodeDriver: {
    about: "A storage driver on a node.",
    fields: {
      allocatable: "How many of its volumes the node can take.",
      name: "The name of the driver.",
      nodeID: "What the driver calls the node.",
      topologyKeys: "Labels of nodes by which the driver tells where a volume can be reached.",
    },
  },
  CSINodeSpec: { about: "The storage drivers of a node.", fields: { drivers: "The drivers." } },
  CSIStorageCapacity: {
    about: "How much storage of a class there is for the nodes of a part of the cluster. Reported by the driver.",
    fields: {
      capacity: "How much there is. Absent: unknown.",
      maximumVolumeSize: "How large one volume can be.",
      nodeTopology: "Which nodes, by their labels. Empty: all; absent: none.",
      storageClassName: "Of which class. Cannot be changed.",
    },
  },
  StorageClass: {
    about: "A kind of storage from which volumes are made for claims.",
    fields: {
      allowVolumeExpansion: "Whether volumes can be made larger.",
      allowedTopologies: "In which part of the cluster volumes may be made. Absent: anywhere.",
      mountOptions: "Options with which volumes are mounted, such as ro. They are not checked.",
      parameters: "What the provisioner is told. At most 512, 256 KiB in all.",
      provisioner: "Who makes the volumes.",
      reclaimPolicy: "What becomes of a volume when its claim goes: Delete (default) or Retain.",
      volumeBindingMode:
        "When a volume is made: Immediate (default), or WaitForFirstConsumer, when a pod needs it and it is known where it will run.",
    },
  },
  TokenRequest: {
    about: "A token that a storage driver is given.",
    fields: {
      audience: "For whom it is. Empty: for the API server.",
      expirationSeconds: "How long it holds, in seconds.",
    },
  },
  VolumeAttachment: { about: "That a volume is to be attached to a node, and whether it is." },
  VolumeAttachmentSource: {
    about: "A volume: by name, or written out, one of the two.",
    fields: { inlineVolumeSpec: "The volume, written out.", persistentVolumeName: "The name of a PersistentVolume." },
  },
  VolumeAttachmentSpec: {
    about: "What is to be attached where.",
    fields: { attacher: "The driver that does it.", nodeName: "The node.", source: "The volume." },
  },
  VolumeAttachmentStatus: {
    about: "Whether a volume is attached.",
    fields: {
      attachError: "What went wrong when it was last to be attached.",
      attached: "Whether it is attached.",
      attachmentMetadata: "What the driver says of it, to be handed on when it is mounted.",
      detachError: "What went wrong when it was last to be detached.",
    },
  },
  VolumeAttributesClass: {
    about: "Attributes of volumes, such as speed, that claims choose by name and can change later.",
    fields: {
      driverName: "The driver it is for. Cannot be changed.",
      parameters: "The attributes. Cannot be changed. At most 512, 256 KiB in all.",
    },
  },
  VolumeError: {
    about: "What went wrong with a volume.",
    fields: {
      errorCode: "The gRPC status code, such as 8 for exhausted resources.",
      message: "What happened. It may be logged: nothing secret belongs in it.",
      time: "When.",
    },
  },
  VolumeNodeResources: {
    about: "What a node can take of a driver's volumes.",
    fields: { count: "How many, each counted once however many pods use it. Absent: no limit." },
  },
};
