import type { Descriptions } from "../description.ts";

const fsType = "The file system, such as ext4 or xfs. By default as the storage has it.";
const readOnly = "Whether it cannot be written. Default false.";
const optional = "Whether it may be missing. By default it may not.";
const defaultMode =
  "The mode of files that say none themselves: 0000 to 0777, in JSON as a decimal number. Default 0644.";
const items = "Which keys, and as which files. By default all, each as a file of its name.";
const secretRef = "The Secret with the credentials.";
const retired = (what: string, driver?: string) =>
  driver === undefined
    ? `${what}. Deprecated; no longer supported.`
    : `${what}. Deprecated: handled by the CSI driver ${driver}.`;

/** What PersistentVolumes and pods' volumes both know. */
const backends = {
  awsElasticBlockStore: retired("An EBS disk of AWS", "ebs.csi.aws.com"),
  azureDisk: retired("A disk of Azure", "disk.csi.azure.com"),
  azureFile: retired("A file share of Azure", "file.csi.azure.com"),
  cephfs: retired("A CephFS file system"),
  cinder: retired("A Cinder volume of OpenStack", "cinder.csi.openstack.org"),
  fc: "A Fibre Channel disk.",
  flexVolume: "A volume of an old-style driver on the node. Deprecated: use a CSI driver.",
  flocker: retired("A Flocker volume"),
  gcePersistentDisk: retired("A disk of GCE", "pd.csi.storage.gke.io"),
  glusterfs: retired("A GlusterFS volume"),
  hostPath: "A file or directory of the node. It opens the node to the pod: avoid it where you can.",
  iscsi: "An iSCSI disk.",
  nfs: "A directory of an NFS server.",
  photonPersistentDisk: retired("A disk of a Photon controller"),
  portworxVolume: retired("A Portworx volume", "pxd.portworx.com"),
  quobyte: retired("A Quobyte volume"),
  rbd: retired("A Ceph block device"),
  scaleIO: retired("A ScaleIO volume"),
  storageos: retired("A StorageOS volume"),
  vsphereVolume: retired("A disk of vSphere", "csi.vsphere.vmware.com"),
};

const cephfs = {
  monitors: "The Ceph monitors.",
  path: "The path of what is mounted. Default /.",
  readOnly,
  secretFile: "The key ring of the user. Default /etc/ceph/user.secret.",
  secretRef,
  user: "The user. Default admin.",
};
const cinder = { fsType, readOnly, secretRef, volumeID: "The id of the volume." };
const flex = { driver: "The driver.", fsType, options: "What else the driver is told.", readOnly, secretRef };
const iscsi = {
  chapAuthDiscovery: "Whether discovery is authenticated with CHAP.",
  chapAuthSession: "Whether sessions are authenticated with CHAP.",
  fsType,
  initiatorName: "The initiator's name. By default the node's.",
  iqn: "The target's name.",
  iscsiInterface: "The interface. Default default, which is TCP.",
  lun: "The number of the disk.",
  portals: "More portals of the target, as addresses with ports.",
  readOnly,
  secretRef: "The Secret with the CHAP credentials.",
  targetPortal: "The portal of the target, an address with a port.",
};
const rbd = {
  fsType,
  image: "The image.",
  keyring: "The key ring of the user. Default /etc/ceph/keyring.",
  monitors: "The Ceph monitors.",
  pool: "The pool. Default rbd.",
  readOnly,
  secretRef,
  user: "The user. Default admin.",
};
const scaleIO = {
  fsType,
  gateway: "The address of the gateway.",
  protectionDomain: "The protection domain.",
  readOnly,
  secretRef,
  sslEnabled: "Whether to speak TLS with the gateway.",
  storageMode: "ThickProvisioned or ThinProvisioned (default).",
  storagePool: "The storage pool.",
  system: "The system.",
  volumeName: "The name of the volume.",
};
const storageos = {
  fsType,
  readOnly,
  secretRef,
  volumeName: "The name of the volume.",
  volumeNamespace: "Its namespace. By default the pod's.",
};
const modes = "How it can be mounted: ReadWriteOnce, ReadOnlyMany, ReadWriteMany, ReadWriteOncePod.";

/** Volumes of pods, persistent ones, and claims to them. */
export const volumes: Descriptions = {
  AWSElasticBlockStoreVolumeSource: {
    about: "An EBS disk of AWS.",
    fields: { fsType, partition: "The partition. 0: the whole disk.", readOnly, volumeID: "The id of the disk." },
  },
  AttachedVolume: { about: "A volume attached to a node.", fields: { devicePath: "Its device.", name: "Its name." } },
  AzureDiskVolumeSource: {
    about: "A disk of Azure.",
    fields: {
      cachingMode: "How it is cached: None, ReadOnly or ReadWrite.",
      diskName: "The name of the disk.",
      diskURI: "The URI of the disk.",
      fsType,
      kind: "Shared, Dedicated or Managed.",
      readOnly,
    },
  },
  AzureFilePersistentVolumeSource: {
    about: "A file share of Azure.",
    fields: {
      readOnly,
      secretName: "The Secret with the account.",
      secretNamespace: "Its namespace. By default the claim's.",
      shareName: "The share.",
    },
  },
  AzureFileVolumeSource: {
    about: "A file share of Azure.",
    fields: { readOnly, secretName: "The Secret with the account.", shareName: "The share." },
  },
  CSIPersistentVolumeSource: {
    about: "A volume of a CSI driver.",
    fields: {
      controllerExpandSecretRef: "The Secret for making it larger.",
      controllerPublishSecretRef: "The Secret for attaching and detaching it.",
      driver: "The driver.",
      fsType,
      nodeExpandSecretRef: "The Secret for making it larger on the node.",
      nodePublishSecretRef: "The Secret for mounting it for a pod.",
      nodeStageSecretRef: "The Secret for mounting it on the node.",
      readOnly,
      volumeAttributes: "What else the driver is told.",
      volumeHandle: "What the driver calls the volume.",
    },
  },
  CSIVolumeSource: {
    about: "A volume that a CSI driver makes for the pod and that ends with it.",
    fields: {
      driver: "The driver.",
      fsType,
      nodePublishSecretRef: "The Secret for mounting it.",
      readOnly,
      volumeAttributes: "What else the driver is told.",
    },
  },
  CephFSPersistentVolumeSource: { about: "A CephFS file system.", fields: cephfs },
  CephFSVolumeSource: { about: "A CephFS file system.", fields: cephfs },
  CinderPersistentVolumeSource: { about: "A Cinder volume of OpenStack.", fields: cinder },
  CinderVolumeSource: { about: "A Cinder volume of OpenStack.", fields: cinder },
  ClusterTrustBundleProjection: {
    about: "A file with the certificates of trust bundles.",
    fields: {
      labelSelector: "Which bundles of the signer. Empty: all; absent: none.",
      name: "One bundle. Not together with signerName.",
      optional,
      path: "The file.",
      signerName: "The signer of the bundles. Not together with name.",
    },
  },
  ConfigMapProjection: {
    about: "Keys of a ConfigMap as files.",
    fields: { items, name: "The name of the ConfigMap.", optional },
  },
  ConfigMapVolumeSource: {
    about: "Keys of a ConfigMap as files.",
    fields: { defaultMode, items, name: "The name of the ConfigMap.", optional },
  },
  DownwardAPIProjection: { about: "What is known of the pod, as files.", fields: { items: "The files." } },
  DownwardAPIVolumeFile: {
    about: "A file with something that is known of the pod.",
    fields: {
      fieldRef: "A field: metadata.name, namespace, uid, labels or annotations.",
      mode: "The mode of the file. By default defaultMode.",
      path: "The file. Not absolute, without '..'.",
      resourceFieldRef: "A limit or request of a container.",
    },
  },
  DownwardAPIVolumeSource: {
    about: "What is known of the pod, as files.",
    fields: { defaultMode, items: "The files." },
  },
  EmptyDirVolumeSource: {
    about: "A directory that is empty at first and ends with the pod.",
    fields: {
      medium: 'Where it is: "" (default) on the node\'s disk, Memory, or HugePages.',
      sizeLimit: "How large it may get. Beyond it the pod is evicted.",
    },
  },
  EphemeralVolumeSource: {
    about: "A volume of a claim that is made for the pod and ends with it.",
    fields: { volumeClaimTemplate: "What the claim is made from. Its name is POD-VOLUME." },
  },
  FCVolumeSource: {
    about: "A Fibre Channel disk: by targetWWNs and lun, or by wwids.",
    fields: {
      fsType,
      lun: "The number of the disk.",
      readOnly,
      targetWWNs: "World-wide names of the target.",
      wwids: "World-wide ids of the disk.",
    },
  },
  FlexPersistentVolumeSource: { about: "A volume of an old-style driver.", fields: flex },
  FlexVolumeSource: { about: "A volume of an old-style driver.", fields: flex },
  FlockerVolumeSource: {
    about: "A Flocker volume.",
    fields: { datasetName: "The name of the dataset.", datasetUUID: "The UUID of the dataset." },
  },
  GCEPersistentDiskVolumeSource: {
    about: "A disk of GCE.",
    fields: { fsType, partition: "The partition. 0: the whole disk.", pdName: "The name of the disk.", readOnly },
  },
  GitRepoVolumeSource: {
    about: "A git repository, as it is when the pod starts. No longer supported: clone it in an init container.",
    fields: { directory: "Where it goes within the volume.", repository: "Its URL.", revision: "The commit." },
  },
  GlusterfsPersistentVolumeSource: {
    about: "A GlusterFS volume.",
    fields: {
      endpoints: "The Endpoints object with the servers.",
      endpointsNamespace: "Its namespace. By default the claim's.",
      path: "The volume.",
      readOnly,
    },
  },
  GlusterfsVolumeSource: {
    about: "A GlusterFS volume.",
    fields: { endpoints: "The Endpoints object with the servers.", path: "The volume.", readOnly },
  },
  HostPathVolumeSource: {
    about: "A file or directory of the node.",
    fields: {
      path: "Its path.",
      type: 'What it must be: "" (default) is not checked; DirectoryOrCreate, Directory, FileOrCreate, File, Socket, CharDevice or BlockDevice.',
    },
  },
  ISCSIPersistentVolumeSource: { about: "An iSCSI disk.", fields: iscsi },
  ISCSIVolumeSource: { about: "An iSCSI disk.", fields: iscsi },
  ImageVolumeSource: {
    about: "The files of an OCI image or artifact.",
    fields: { pullPolicy: "When it is pulled: Always, IfNotPresent or Never.", reference: "The image or artifact." },
  },
  ImageVolumeStatus: { about: "Which image a volume is of.", fields: { imageRef: "The image, by digest." } },
  KeyToPath: {
    about: "A key, as a file.",
    fields: {
      key: "The key.",
      mode: "The mode of the file. By default defaultMode.",
      path: "The file. Not absolute, without '..'.",
    },
  },
  LocalVolumeSource: { about: "A disk, partition or directory of a node.", fields: { fsType, path: "Its path." } },
  ModifyVolumeStatus: {
    about: "How far a volume is with getting other attributes.",
    fields: {
      status: "Pending, InProgress or Infeasible.",
      targetVolumeAttributesClassName: "The class of the attributes.",
    },
  },
  NFSVolumeSource: {
    about: "A directory of an NFS server.",
    fields: { path: "The directory.", readOnly, server: "The server." },
  },
  PersistentVolume: { about: "A piece of storage in the cluster. It outlives the pods that use it." },
  PersistentVolumeClaim: { about: "A claim to a piece of storage, which pods mount by its name." },
  PersistentVolumeClaimCondition: { about: "One thing that is, or is not, so of a claim, such as Resizing." },
  PersistentVolumeClaimSpec: {
    about: "Which storage is wanted.",
    fields: {
      accessModes: modes,
      dataSource: "What it is filled from: a snapshot, or another claim. The same as dataSourceRef.",
      dataSourceRef: "What it is filled from: any object for which there is a populator.",
      resources: "How large it should be at least.",
      selector: "Which volumes may be taken, by their labels.",
      storageClassName: 'The StorageClass. By default the cluster\'s; "" is none.',
      volumeAttributesClassName: "The VolumeAttributesClass. It can be changed later.",
      volumeMode: "Filesystem (default) or Block.",
      volumeName: "The volume it is bound to.",
    },
  },
  PersistentVolumeClaimStatus: {
    about: "How a claim is.",
    fields: {
      accessModes: "How its volume can be mounted.",
      allocatedResourceStatuses: "How far a change of size is.",
      allocatedResources: "The size that has been asked of the storage; it may be more than there is yet.",
      capacity: "How large its volume is.",
      currentVolumeAttributesClassName: "The class of the attributes its volume has.",
      modifyVolumeStatus: "How far a change of attributes is.",
      phase: "Pending, Bound or Lost.",
    },
  },
  PersistentVolumeClaimTemplate: {
    about: "What a claim is made from.",
    fields: { metadata: "Labels and annotations of the claim.", spec: "Which storage is wanted." },
  },
  PersistentVolumeClaimVolumeSource: {
    about: "The volume of a claim.",
    fields: { claimName: "The claim, in the pod's namespace.", readOnly },
  },
  PersistentVolumeSpec: {
    about: "A piece of storage: one of the backends, and how it can be used.",
    fields: {
      ...backends,
      accessModes: modes,
      capacity: "How large it is.",
      claimRef: "The claim it is bound to, or kept for.",
      csi: "A volume of a CSI driver.",
      local: "A disk or directory of a node.",
      mountOptions: "Options with which it is mounted. They are not checked.",
      nodeAffinity: "From which nodes it can be reached. By default from all.",
      persistentVolumeReclaimPolicy:
        "What becomes of it when its claim goes: Retain (default for those made by hand), Delete, or Recycle, which is deprecated.",
      storageClassName: 'Its StorageClass; "" is none.',
      volumeAttributesClassName: "Its VolumeAttributesClass.",
      volumeMode: "Filesystem (default) or Block.",
    },
  },
  PersistentVolumeStatus: {
    about: "How a volume is.",
    fields: {
      lastPhaseTransitionTime: "When it last changed its phase.",
      message: "Why it is so, for people.",
      phase: "Pending, Available, Bound, Released or Failed.",
      reason: "Why it is so, in a word.",
    },
  },
  PhotonPersistentDiskVolumeSource: {
    about: "A disk of a Photon controller.",
    fields: { fsType, pdID: "The id of the disk." },
  },
  PodCertificateProjection: {
    about: "A private key and a certificate for it, made for the pod and renewed before it expires.",
    fields: {
      certificateChainPath: "The file with the certificate and those above it.",
      credentialBundlePath: "The file with both, key first. Preferred: it changes at one time.",
      keyPath: "The file with the key.",
      keyType: "RSA3072, RSA4096, ECDSAP256, ECDSAP384, ECDSAP521 or ED25519.",
      maxExpirationSeconds: "How long the certificate may hold at most, in seconds. Default 86400.",
      signerName: "Who signs it.",
      userAnnotations: "What else the signer is told.",
    },
  },
  PortworxVolumeSource: {
    about: "A Portworx volume.",
    fields: { fsType, readOnly, volumeID: "The id of the volume." },
  },
  ProjectedVolumeSource: {
    about: "Several sources in one directory.",
    fields: { defaultMode, sources: "The sources." },
  },
  QuobyteVolumeSource: {
    about: "A Quobyte volume.",
    fields: {
      group: "The group that has access.",
      readOnly,
      registry: "The registries, as addresses with ports.",
      tenant: "The tenant.",
      user: "The user that has access.",
      volume: "The volume.",
    },
  },
  RBDPersistentVolumeSource: { about: "A Ceph block device.", fields: rbd },
  RBDVolumeSource: { about: "A Ceph block device.", fields: rbd },
  ScaleIOPersistentVolumeSource: { about: "A ScaleIO volume.", fields: scaleIO },
  ScaleIOVolumeSource: { about: "A ScaleIO volume.", fields: scaleIO },
  SecretProjection: {
    about: "Keys of a Secret as files.",
    fields: { items, name: "The name of the Secret.", optional },
  },
  SecretVolumeSource: {
    about: "Keys of a Secret as files, in memory.",
    fields: { defaultMode, items, optional, secretName: "The name of the Secret." },
  },
  ServiceAccountTokenProjection: {
    about: "A token of the pod's service account, renewed before it expires.",
    fields: {
      audience: "For whom it is. By default the API server.",
      expirationSeconds: "How long it holds, in seconds: 600 or more. Default 3600.",
      path: "The file.",
    },
  },
  StorageOSPersistentVolumeSource: { about: "A StorageOS volume.", fields: storageos },
  StorageOSVolumeSource: { about: "A StorageOS volume.", fields: storageos },
  Volume: {
    about: "A volume of a pod: a name, and one of the sources.",
    fields: {
      ...backends,
      configMap: "Keys of a ConfigMap as files.",
      csi: "A volume that a CSI driver makes for the pod.",
      downwardAPI: "What is known of the pod, as files.",
      emptyDir: "A directory that ends with the pod.",
      ephemeral: "A volume of a claim that is made for the pod and ends with it.",
      gitRepo: "A git repository. No longer supported: clone it in an init container.",
      image: "The files of an OCI image or artifact. It cannot be written.",
      name: "The name, a DNS label, unique in the pod.",
      persistentVolumeClaim: "The volume of a claim.",
      projected: "Several sources in one directory.",
      secret: "Keys of a Secret as files.",
    },
  },
  VolumeNodeAffinity: {
    about: "From which nodes a volume can be reached.",
    fields: { required: "What the nodes must be." },
  },
  VolumeProjection: {
    about: "One source of a projected volume.",
    fields: {
      clusterTrustBundle: "Certificates of trust bundles.",
      configMap: "Keys of a ConfigMap.",
      downwardAPI: "What is known of the pod.",
      podCertificate: "A key and a certificate made for the pod.",
      secret: "Keys of a Secret.",
      serviceAccountToken: "A token of the pod's service account.",
    },
  },
  VolumeResourceRequirements: {
    about: "How large a volume should be.",
    fields: { limits: "At most.", requests: "At least." },
  },
  VolumeStatus: { about: "What else is known of a mounted volume.", fields: { image: "Which image it is of." } },
  VsphereVirtualDiskVolumeSource: {
    about: "A disk of vSphere.",
    fields: {
      fsType,
      storagePolicyID: "The id of its storage policy.",
      storagePolicyName: "The name of its storage policy.",
      volumePath: "Its path.",
    },
  },
};
