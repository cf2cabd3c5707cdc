import type { Descriptions } from "../description.ts";

const optional = "Whether it may be missing. By default it may not.";
const secretName = "The name of the Secret.";
const configMapName = "The name of the ConfigMap.";

const container = {
  args: "Arguments of the entrypoint. By default the image's CMD. $(NAME) stands for an environment variable; $$(NAME) is left as $(NAME). Cannot be changed.",
  command:
    "The entrypoint, not run in a shell. By default the image's ENTRYPOINT. $(NAME) stands for an environment variable. Cannot be changed.",
  env: "Environment variables. Cannot be changed.",
  envFrom:
    "Where more environment variables come from: every key is one. Of equal names the last counts, and env before all.",
  image: "The image to run.",
  imagePullPolicy:
    "When the image is pulled: Always, IfNotPresent or Never. By default Always for the tag :latest, otherwise IfNotPresent. Cannot be changed.",
  lifecycle: "What is done when the container has started and when it is to end.",
  livenessProbe: "Tells whether the container still works: when it does not, it is restarted.",
  name: "The name, a DNS label, unique in the pod. Cannot be changed.",
  ports: "Ports the container listens on. It is for information: others can be reached as well. Cannot be changed.",
  readinessProbe: "Tells whether the container takes requests: when it does not, the pod leaves its Services.",
  resizePolicy: "Whether a change of a resource needs a restart.",
  resources: "What the container needs, and how much it may have.",
  restartPolicy:
    "When this container is restarted; by default as the pod says. An init container with Always is a sidecar: it starts in its turn and runs beside the others until they have ended.",
  restartPolicyRules: "What happens at certain exit codes, in order; when none fits, restartPolicy counts.",
  securityContext: "With which rights the container runs. It comes before what the pod says.",
  startupProbe:
    "Tells whether the container has started: until then the other probes wait, and when it never does, it is restarted.",
  stdin: "Whether its standard input is kept open. Default false: it is at its end at once.",
  stdinOnce: "Whether standard input is closed after the first client has left. Default false.",
  terminationMessagePath:
    "The file in which the container may leave a last message, up to 4096 bytes. Default /dev/termination-log. Cannot be changed.",
  terminationMessagePolicy:
    "Where the last message is taken from: File (default), or FallbackToLogsOnError: the end of the log, when there is no file and it failed.",
  tty: "Whether it gets a terminal; stdin must be true. Default false.",
  volumeDevices: "Block devices of volumes.",
  volumeMounts: "Where volumes are mounted. Cannot be changed.",
  workingDir: "The directory it starts in. By default the image's. Cannot be changed.",
};

/** Containers, what is asked of them, and how they are. */
export const containers: Descriptions = {
  AppArmorProfile: {
    about: "Which AppArmor profile confines a container.",
    fields: {
      localhostProfile: "The name of a profile that is loaded on the node. Only for the type Localhost.",
      type: "Localhost, RuntimeDefault or Unconfined.",
    },
  },
  Capabilities: {
    about: "Linux capabilities beyond, or short of, those the runtime gives by default.",
    fields: { add: "Those to add.", drop: "Those to take away; ALL is every one." },
  },
  ConfigMapEnvSource: {
    about: "A ConfigMap whose keys become environment variables.",
    fields: { name: configMapName, optional },
  },
  ConfigMapKeySelector: {
    about: "One key of a ConfigMap.",
    fields: { key: "The key.", name: configMapName, optional },
  },
  Container: { about: "A container of a pod.", fields: container },
  ContainerPort: {
    about: "A port that a container listens on.",
    fields: {
      containerPort: "Its number.",
      hostIP: "At which address of the node hostPort is.",
      hostPort: "A port of the node that leads to it. Few pods need one; with hostNetwork it must be containerPort.",
      name: "Its name, for Services to refer to.",
      protocol: "TCP (default), UDP or SCTP.",
    },
  },
  ContainerResizePolicy: {
    about: "Whether a change of a resource needs a restart of the container.",
    fields: {
      resourceName: "The resource: cpu or memory.",
      restartPolicy: "NotRequired (default) or RestartContainer.",
    },
  },
  ContainerRestartRule: {
    about: "What happens when a container ends in a certain way.",
    fields: { action: "Restart, or RestartAllContainers: those of the whole pod.", exitCodes: "The exit codes." },
  },
  ContainerRestartRuleOnExitCodes: {
    about: "Some exit codes.",
    fields: { operator: "In: these. NotIn: all but these.", values: "The exit codes; at most 255." },
  },
  ContainerState: {
    about: "How a container is: one of the three. None is as good as waiting.",
    fields: { running: "It runs.", terminated: "It has ended.", waiting: "It has not started." },
  },
  ContainerStateRunning: { about: "A container that runs.", fields: { startedAt: "Since when." } },
  ContainerStateTerminated: {
    about: "A container that has ended.",
    fields: {
      containerID: "Its id, such as containerd://ID.",
      exitCode: "Its exit code.",
      finishedAt: "When it ended.",
      message: "Its last message.",
      reason: "Why it ended, in a word.",
      signal: "The signal that ended it.",
      startedAt: "When it started.",
    },
  },
  ContainerStateWaiting: {
    about: "A container that has not started.",
    fields: { message: "Why, for people.", reason: "Why, in a word, such as ImagePullBackOff." },
  },
  ContainerStatus: {
    about: "How a container is.",
    fields: {
      allocatedResources: "What the node has set aside for it.",
      allocatedResourcesStatus: "How the devices are that it was given.",
      containerID: "Its id, such as containerd://ID.",
      image: "The image it runs; it may be written otherwise than in the spec.",
      imageID: "The id of that image.",
      lastState: "How it ended before it was last restarted.",
      name: "Its name.",
      ready: "Whether it takes requests.",
      resources: "What it needs and may have at present.",
      restartCount: "How often it was restarted.",
      started: "Whether it has started: its startup probe and postStart hook are done.",
      state: "How it is now.",
      stopSignal: "The signal with which it will be asked to end.",
      user: "As which user it started.",
      volumeMounts: "How its volumes are mounted.",
    },
  },
  ContainerUser: { about: "As which user a container started.", fields: { linux: "The user, on Linux." } },
  EnvFromSource: {
    about: "Where environment variables come from: each key of a ConfigMap or Secret, one of the two.",
    fields: { configMapRef: "The ConfigMap.", prefix: "What is put before each name.", secretRef: "The Secret." },
  },
  EnvVar: {
    about: "An environment variable.",
    fields: {
      name: "Its name.",
      value: "Its value. $(NAME) stands for one that comes before it, or of a Service. By default empty.",
      valueFrom: "Where its value comes from. Not together with value.",
    },
  },
  EnvVarSource: {
    about: "Where the value of an environment variable comes from: one of these.",
    fields: {
      configMapKeyRef: "A key of a ConfigMap.",
      fieldRef: "A field of the pod, such as metadata.name, status.podIP or metadata.labels['app'].",
      fileKeyRef: "A key in a file of a volume.",
      resourceFieldRef: "A limit or request of a container, such as limits.cpu.",
      secretKeyRef: "A key of a Secret.",
    },
  },
  EphemeralContainer: {
    about:
      "A container that is put into a running pod to look at it. It is not restarted, has no guaranteed resources, and cannot be removed or changed.",
    fields: {
      ...container,
      lifecycle: "Not allowed.",
      livenessProbe: "Not allowed.",
      ports: "Not allowed.",
      readinessProbe: "Not allowed.",
      resizePolicy: "Not allowed.",
      resources: "Not allowed: it takes of what the pod has.",
      restartPolicy: "Not to be set: it is not restarted.",
      restartPolicyRules: "Not to be set: it is not restarted.",
      startupProbe: "Not allowed.",
      targetContainerName: "The container whose processes it sees. By default as the pod has it.",
      volumeMounts: "Where volumes are mounted. Without subPath. Cannot be changed.",
    },
  },
  ExecAction: {
    about: "A command that is run in a container.",
    fields: { command: "The command and its arguments, not run in a shell; its directory is /. 0 is success." },
  },
  FileKeySelector: {
    about: "A key in a file of variables.",
    fields: {
      key: "The key.",
      optional,
      path: "The file, from the root of the volume. Without '..'.",
      volumeName: "The volume it is in.",
    },
  },
  GRPCAction: {
    about: "A call of the gRPC health service.",
    fields: { port: "The port.", service: "The service to ask about. Empty: the whole server." },
  },
  HTTPGetAction: {
    about: "An HTTP request. Statuses from 200 to 399 are success.",
    fields: {
      host: "The host. By default the pod's address; set the header Host instead if you can.",
      httpHeaders: "Headers. One may come more than once.",
      path: "The path.",
      port: "The port, by number or name.",
      scheme: "HTTP (default) or HTTPS; its certificate is not checked.",
    },
  },
  HTTPHeader: { about: "A header of a request.", fields: { name: "Its name.", value: "Its value." } },
  Lifecycle: {
    about: "What is done at the beginning and the end of a container.",
    fields: {
      postStart:
        "Done at once when the container has started, beside it. When it fails, the container is ended and restarted as its policy says.",
      preStop:
        "Done before the container is asked to end; the grace period runs meanwhile. Not when it ends by itself.",
      stopSignal:
        "The signal with which it is asked to end. By default that of the image, or SIGTERM. spec.os.name must be set.",
    },
  },
  LifecycleHandler: {
    about: "What is done: one of these.",
    fields: {
      exec: "A command is run.",
      httpGet: "An HTTP request is made.",
      sleep: "Some time is waited.",
      tcpSocket: "Not supported any more.",
    },
  },
  LinuxContainerUser: {
    about: "As which user the first process of a container started.",
    fields: { gid: "Its group.", supplementalGroups: "Its other groups.", uid: "Its user." },
  },
  ObjectFieldSelector: {
    about: "A field of an object.",
    fields: { apiVersion: "In which version the field is named. Default v1.", fieldPath: "The field." },
  },
  Probe: {
    about: "How to tell how a container is: by exec, grpc, httpGet or tcpSocket, and how often.",
    fields: {
      exec: "A command is run.",
      failureThreshold: "After how many failures in a row it counts as failed. Default 3.",
      grpc: "The gRPC health service is asked.",
      httpGet: "An HTTP request is made.",
      initialDelaySeconds: "How many seconds after the start to begin.",
      periodSeconds: "How many seconds from one time to the next. Default 10.",
      successThreshold:
        "After how many successes in a row it counts as successful again. Default 1; for liveness and startup only 1.",
      tcpSocket: "A connection is made.",
      terminationGracePeriodSeconds:
        "How many seconds the container has to end when the probe has failed. By default as the pod says. Not for readiness.",
      timeoutSeconds: "After how many seconds without an answer it has failed. Default 1.",
    },
  },
  ResourceClaim: {
    about: "A claim of the pod that a container uses.",
    fields: { name: "Its name in the pod's resourceClaims.", request: "One request of the claim. By default all." },
  },
  ResourceFieldSelector: {
    about: "A limit or request of a container.",
    fields: {
      containerName: "The container. Required in volumes.",
      divisor: "The unit it is counted in. Default 1.",
      resource: "Which, such as limits.cpu.",
    },
  },
  ResourceHealth: {
    about: "How a device is.",
    fields: {
      health: "Healthy, Unhealthy or Unknown.",
      message: "Why, for people.",
      resourceID: "The id of the device.",
    },
  },
  ResourceRequirements: {
    about: "What is needed, and how much may be had.",
    fields: {
      claims: "Claims of the pod that the container uses. Cannot be changed.",
      limits: "How much may be had of each resource.",
      requests: "How much is needed of each resource: by this pods are placed. By default the limits.",
    },
  },
  ResourceStatus: {
    about: "How the devices of one resource are that a container was given.",
    fields: { name: "The resource, or claim:NAME/REQUEST for those of a claim.", resources: "The devices." },
  },
  SeccompProfile: {
    about: "Which system calls are allowed.",
    fields: {
      localhostProfile: "A file of the node, below the kubelet's seccomp directory. Only for the type Localhost.",
      type: "Localhost, RuntimeDefault or Unconfined.",
    },
  },
  SecretEnvSource: {
    about: "A Secret whose keys become environment variables.",
    fields: { name: secretName, optional },
  },
  SecretKeySelector: { about: "One key of a Secret.", fields: { key: "The key.", name: secretName, optional } },
  SecurityContext: {
    about: "With which rights a container runs. What is also in the pod's comes from here.",
    fields: {
      allowPrivilegeEscalation:
        "Whether a process may get more rights than its parent. Always true for privileged ones and those with CAP_SYS_ADMIN.",
      appArmorProfile: "Which AppArmor profile confines it.",
      capabilities: "Linux capabilities. By default those the runtime gives.",
      privileged: "Whether it is root on the node in all but name. Default false.",
      procMount: "How /proc is: Default, or Unmasked, without what the runtime hides.",
      readOnlyRootFilesystem: "Whether its own files cannot be written. Default false.",
      runAsGroup: "The group it runs as. By default the image's.",
      runAsNonRoot: "Refuse to start it as user 0.",
      runAsUser: "The user it runs as. By default the image's.",
      seLinuxOptions: "Its SELinux context. By default the runtime chooses one.",
      seccompProfile: "Which system calls it may use.",
      windowsOptions: "What only Windows has.",
    },
  },
  SELinuxOptions: {
    about: "An SELinux context.",
    fields: { level: "The level.", role: "The role.", type: "The type.", user: "The user." },
  },
  SleepAction: { about: "Waiting.", fields: { seconds: "How many seconds." } },
  TCPSocketAction: {
    about: "A connection that is made and closed.",
    fields: { host: "The host. By default the pod's address.", port: "The port, by number or name." },
  },
  VolumeDevice: {
    about: "A volume as a block device in a container.",
    fields: { devicePath: "The path of the device.", name: "The name of the volume: one of a claim." },
  },
  VolumeMount: {
    about: "Where a volume is in a container.",
    fields: {
      mountPath: "The path. Without ':'.",
      mountPropagation: "Whether later mounts are seen across: None (default), HostToContainer or Bidirectional.",
      name: "The name of the volume.",
      readOnly: "Whether it cannot be written. Default false.",
      recursiveReadOnly:
        "Whether what is mounted below cannot be written either: Disabled (default), IfPossible or Enabled. Only when readOnly.",
      subPath: "The path within the volume. By default its root.",
      subPathExpr: "The same, with $(NAME) for environment variables. Not together with subPath.",
    },
  },
  VolumeMountStatus: {
    about: "How a volume is mounted.",
    fields: {
      mountPath: "The path.",
      name: "The name of the volume.",
      readOnly: "Whether it cannot be written.",
      recursiveReadOnly: "Whether what is mounted below cannot be written either.",
      volumeStatus: "What else is known of the volume.",
    },
  },
  WindowsSecurityContextOptions: {
    about: "Rights that only Windows has.",
    fields: {
      gmsaCredentialSpec: "The credential spec of a group managed service account, written out.",
      gmsaCredentialSpecName: "The name of one.",
      hostProcess: "Whether it runs on the node itself: all containers of a pod or none.",
      runAsUserName: "The user it runs as. By default the image's.",
    },
  },
};
