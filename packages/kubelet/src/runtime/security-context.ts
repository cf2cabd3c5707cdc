/** Security contexts in CRI's terms: the container's own over the pod's. Source: pkg/kubelet/kuberuntime/security_context.go. */

import type { Container, Pod, PodSecurityContext, SeccompProfile, SecurityContext } from "@kubets/api";
import type * as cri from "@kubets/cri";
import { allContainers, formatPod, isHostNetwork } from "../pods/pod-ref.ts";

const maskedPaths = [
  ...["/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats"],
  ...["/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware"],
  "/sys/devices/virtual/powercap",
];
const readonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/** Who the image runs as when the spec does not say: a number, or a name that only the image knows. */
export interface ImageUser {
  readonly uid: number | undefined;
  readonly username: string;
}

function wrapped(value: number | undefined): cri.Wrapped | undefined {
  return value === undefined ? undefined : { value };
}

export function namespaceOptions(pod: Pod, targetId?: string): cri.NamespaceOption {
  const { hostIPC, hostPID, shareProcessNamespace } = pod.spec ?? {};
  const pid = hostPID ? "NODE" : shareProcessNamespace ? "POD" : "CONTAINER";
  return {
    network: isHostNetwork(pod) ? "NODE" : "POD",
    ipc: hostIPC ? "NODE" : "POD",
    ...(targetId === undefined ? { pid } : { pid: "TARGET", targetId }),
  };
}

function seccomp(
  own: SeccompProfile | undefined,
  pod: PodSecurityContext | undefined,
  seccompRoot: string,
): cri.SecurityProfile {
  const profile = own ?? pod?.seccompProfile;
  switch (profile?.type) {
    case "RuntimeDefault":
      return { profileType: "RuntimeDefault" };
    case "Localhost":
      return { profileType: "Localhost", localhostRef: `${seccompRoot}/${profile.localhostProfile ?? ""}` };
    default:
      return { profileType: "Unconfined" };
  }
}

function apparmor(container: SecurityContext | undefined, pod: PodSecurityContext | undefined) {
  const profile = container?.appArmorProfile ?? pod?.appArmorProfile;
  if (profile === undefined) return {};
  const profileType = profile.type as cri.SecurityProfile["profileType"];
  return {
    apparmor: {
      profileType,
      ...(profileType === "Localhost" ? { localhostRef: profile.localhostProfile ?? "" } : {}),
    },
  };
}

/** Groups every process of the pod is in: `supplementalGroups`, then `fsGroup`. */
export function supplementalGroups(pod: Pod): number[] {
  const context = pod.spec?.securityContext;
  const groups = [...(context?.supplementalGroups ?? [])];
  if (context?.fsGroup !== undefined) groups.push(context.fsGroup);
  return [...new Set(groups)];
}

export function containerSecurityContext(
  pod: Pod,
  container: Container,
  image: ImageUser,
  options: { seccompRoot: string; targetId?: string },
): cri.LinuxContainerSecurityContext {
  const own = container.securityContext;
  const shared = pod.spec?.securityContext;
  const privileged = own?.privileged === true;
  const runAsUser = own?.runAsUser ?? shared?.runAsUser ?? (image.username === "" ? image.uid : undefined);
  const unmasked = own?.procMount === "Unmasked";
  const selinux = own?.seLinuxOptions ?? shared?.seLinuxOptions;
  return {
    privileged,
    readonlyRootfs: own?.readOnlyRootFilesystem === true,
    noNewPrivs: own?.allowPrivilegeEscalation === false,
    namespaceOptions: namespaceOptions(pod, options.targetId),
    ...(own?.capabilities === undefined
      ? {}
      : {
          capabilities: {
            addCapabilities: own.capabilities.add ?? [],
            dropCapabilities: own.capabilities.drop ?? [],
          },
        }),
    runAsUser: wrapped(runAsUser),
    ...(runAsUser === undefined && image.username !== "" ? { runAsUsername: image.username } : {}),
    runAsGroup: wrapped(own?.runAsGroup ?? shared?.runAsGroup),
    supplementalGroups: supplementalGroups(pod),
    ...(shared?.supplementalGroupsPolicy === "Strict" ? { supplementalGroupsPolicy: "Strict" } : {}),
    maskedPaths: unmasked ? [] : maskedPaths,
    readonlyPaths: unmasked ? [] : readonlyPaths,
    ...(privileged ? {} : { seccomp: seccomp(own?.seccompProfile, shared, options.seccompRoot) }),
    ...apparmor(own, shared),
    ...(selinux === undefined ? {} : { selinuxOptions: { ...selinux } }),
  };
}

/** @throws Error with upstream's text when `runAsNonRoot` is asked for and not so. */
export function verifyRunAsNonRoot(pod: Pod, container: Container, image: ImageUser): void {
  const own = container.securityContext;
  const shared = pod.spec?.securityContext;
  if ((own?.runAsNonRoot ?? shared?.runAsNonRoot) !== true) return;
  const where = `(pod: "${formatPod(pod)}", container: ${container.name})`;
  const runAsUser = own?.runAsUser ?? shared?.runAsUser;
  if (runAsUser !== undefined) {
    if (runAsUser === 0) throw new Error(`container's runAsUser breaks non-root policy ${where}`);
    return;
  }
  if (image.username !== "") {
    throw new Error(
      `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root ${where}`,
    );
  }
  if (image.uid === undefined || image.uid === 0) {
    throw new Error(`container has runAsNonRoot and image will run as root ${where}`);
  }
}

export function sandboxSecurityContext(pod: Pod): cri.LinuxSandboxSecurityContext {
  const context = pod.spec?.securityContext;
  const selinux = context?.seLinuxOptions;
  return {
    privileged: allContainers(pod).some(({ container }) => container.securityContext?.privileged === true),
    namespaceOptions: namespaceOptions(pod),
    seccomp: { profileType: "RuntimeDefault" },
    supplementalGroups: supplementalGroups(pod),
    ...(context?.runAsUser === undefined
      ? {}
      : { runAsUser: { value: context.runAsUser }, runAsGroup: wrapped(context.runAsGroup) }),
    ...(selinux === undefined ? {} : { selinuxOptions: { ...selinux } }),
  };
}
