/** What baseline forbids: known ways out of the container. Source: k8s.io/pod-security-admission/policy/check_*.go. */

import type { Container, LifecycleHandler, Probe, SELinuxOptions } from "@kubets/api";
import {
  type Check,
  type CheckPod,
  containers,
  containersOf,
  namesWhere,
  plural,
  quoted,
  setters,
  sorted,
  unlessInUserNamespace,
} from "./check.ts";

const appArmorAnnotation = "container.apparmor.security.beta.kubernetes.io/";

const appArmorProfile: CheckPod = (spec, metadata) => {
  const isBad = (type: string | undefined) => type !== undefined && type !== "RuntimeDefault" && type !== "Localhost";
  const podType = spec.securityContext?.appArmorProfile?.type;
  const types = containersOf(spec).map(({ securityContext }) => securityContext?.appArmorProfile?.type);
  const bad = namesWhere(spec, (context) => isBad(context?.appArmorProfile?.type));
  const annotations = Object.entries(metadata.annotations ?? {})
    .filter(([key, value]) => key.startsWith(appArmorAnnotation) && !isAllowedAnnotation(value))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .sort();
  const who = [setters(isBad(podType), bad), annotations.length > 0 ? plural("annotation", annotations.length) : ""];
  const values = [...sorted([podType, ...types].filter(isBad) as string[]), ...annotations];
  if (values.length === 0) return undefined;
  return {
    reason: plural("forbidden AppArmor profile", values.length),
    detail: `${who.filter((each) => each !== "").join(" and ")} must not set AppArmor profile type to ${quoted(values)}`,
  };
};

function isAllowedAnnotation(value: string): boolean {
  return value === "" || value === "runtime/default" || value.startsWith("localhost/");
}

const allowedCapabilities = new Set([
  "AUDIT_WRITE",
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "MKNOD",
  "NET_BIND_SERVICE",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYS_CHROOT",
]);

const capabilities: CheckPod = (spec) => {
  const added = ({ securityContext }: Container) =>
    (securityContext?.capabilities?.add ?? []).filter((capability) => !allowedCapabilities.has(capability));
  const bad = namesWhere(spec, (_, container) => added(container).length > 0);
  if (bad.length === 0) return undefined;
  const list = quoted(sorted(containersOf(spec).flatMap(added)));
  return {
    reason: "non-default capabilities",
    detail: `${containers(bad)} must not include ${list} in securityContext.capabilities.add`,
  };
};

const hostNamespaces: CheckPod = ({ hostNetwork, hostPID, hostIPC }) => {
  const used = Object.entries({ hostNetwork, hostPID, hostIPC }).filter(([, isUsed]) => isUsed);
  if (used.length === 0) return undefined;
  return { reason: "host namespaces", detail: used.map(([name]) => `${name}=true`).join(", ") };
};

const hostPathVolumes: CheckPod = ({ volumes = [] }) => {
  const names = volumes.filter(({ hostPath }) => hostPath !== undefined).map(({ name }) => name);
  if (names.length === 0) return undefined;
  return { reason: "hostPath volumes", detail: `${plural("volume", names.length)} ${quoted(names)}` };
};

const hostPorts: CheckPod = (spec) => {
  const portsOf = ({ ports = [] }: Container) => ports.filter(({ hostPort }) => hostPort).map((p) => `${p.hostPort}`);
  const bad = namesWhere(spec, (_, container) => portsOf(container).length > 0);
  if (bad.length === 0) return undefined;
  const ports = sorted(containersOf(spec).flatMap(portsOf));
  const uses = bad.length === 1 ? "uses" : "use";
  return {
    reason: "hostPort",
    detail: `${containers(bad)} ${uses} ${plural("hostPort", ports.length)} ${ports.join(", ")}`,
  };
};

const hostProbes: CheckPod = (spec) => {
  const bad = namesWhere(spec, (_, container) => hostsOf(container).length > 0);
  if (bad.length === 0) return undefined;
  const hosts = sorted(containersOf(spec).flatMap(hostsOf));
  const uses = bad.length === 1 ? "uses" : "use";
  return {
    reason: "probe or lifecycle host",
    detail: `${containers(sorted(bad))} ${uses} ${plural("probe or lifecycle host", hosts.length)} ${quoted(hosts)}`,
  };
};

function hostsOf({ livenessProbe, readinessProbe, startupProbe, lifecycle }: Container): string[] {
  const handlers: (Probe | LifecycleHandler | undefined)[] = [
    livenessProbe,
    readinessProbe,
    startupProbe,
    lifecycle?.postStart,
    lifecycle?.preStop,
  ];
  const hosts = handlers.flatMap((handler) => [handler?.httpGet?.host, handler?.tcpSocket?.host]);
  return hosts.filter((host) => host !== undefined && host !== "") as string[];
}

const privileged: CheckPod = (spec) => {
  const bad = namesWhere(spec, (context) => context?.privileged === true);
  if (bad.length === 0) return undefined;
  return { reason: "privileged", detail: `${containers(bad)} must not set securityContext.privileged=true` };
};

export const procMount: CheckPod = (spec) => {
  const isBad = (type: string | undefined) => type !== undefined && type !== "Default";
  const bad = namesWhere(spec, (context) => isBad(context?.procMount));
  if (bad.length === 0) return undefined;
  const types = containersOf(spec).map(({ securityContext }) => securityContext?.procMount);
  const list = quoted(sorted(types.filter(isBad) as string[]));
  return { reason: "procMount", detail: `${containers(bad)} must not set securityContext.procMount to ${list}` };
};

const selinuxTypes = ["", "container_t", "container_init_t", "container_kvm_t"];

function seLinuxOptions(allowed: readonly string[]): CheckPod {
  const isBad = (options: SELinuxOptions | undefined) =>
    options !== undefined && (!allowed.includes(options.type ?? "") || Boolean(options.user) || Boolean(options.role));
  return (spec) => {
    const own = spec.securityContext?.seLinuxOptions;
    const who = setters(
      isBad(own),
      namesWhere(spec, (context) => isBad(context?.seLinuxOptions)),
    );
    if (who === "") return undefined;
    const all = [own, ...containersOf(spec).map(({ securityContext }) => securityContext?.seLinuxOptions)];
    const types = sorted(all.map((options) => options?.type ?? "").filter((type) => !allowed.includes(type)));
    const what = [
      ...(types.length > 0 ? [`${plural("type", types.length)} ${quoted(types)}`] : []),
      ...(all.some((options) => options?.user) ? ["user may not be set"] : []),
      ...(all.some((options) => options?.role) ? ["role may not be set"] : []),
    ];
    return {
      reason: "seLinuxOptions",
      detail: `${who} set forbidden securityContext.seLinuxOptions: ${what.join("; ")}`,
    };
  };
}

const podSeccompAnnotation = "seccomp.security.alpha.kubernetes.io/pod";
const containerSeccompAnnotation = "container.seccomp.security.alpha.kubernetes.io/";

const seccompAnnotations: CheckPod = (spec, { annotations = {} }) => {
  const keys = [podSeccompAnnotation, ...containersOf(spec).map(({ name }) => containerSeccompAnnotation + name)];
  const bad = sorted(
    keys
      .filter((key) => Object.hasOwn(annotations, key) && !isSeccompAnnotation(annotations[key]!))
      .map((key) => `${key}=${JSON.stringify(annotations[key])}`),
  );
  if (bad.length === 0) return undefined;
  return { reason: "seccompProfile", detail: `forbidden ${plural("annotation", bad.length)} ${bad.join(", ")}` };
};

function isSeccompAnnotation(value: string): boolean {
  return value === "runtime/default" || value === "docker/default" || value.startsWith("localhost/");
}

export function isSeccompType(type: string | undefined): boolean {
  return type === "Localhost" || type === "RuntimeDefault";
}

/** What is set, is set to something good. */
export const seccompProfile: CheckPod = (spec) => {
  const isBad = (profile: { type?: string } | undefined) => profile !== undefined && !isSeccompType(profile.type);
  const own = spec.securityContext?.seccompProfile;
  const who = setters(
    isBad(own),
    namesWhere(spec, (context) => isBad(context?.seccompProfile)),
  );
  if (who === "") return undefined;
  const all = [own, ...containersOf(spec).map(({ securityContext }) => securityContext?.seccompProfile)];
  const list = quoted(sorted(all.filter(isBad).map((profile) => profile?.type ?? "")));
  return { reason: "seccompProfile", detail: `${who} must not set securityContext.seccompProfile.type to ${list}` };
};

const sysctlsSince: readonly (readonly [number, readonly string[]])[] = [
  [
    0,
    [
      "kernel.shm_rmid_forced",
      "net.ipv4.ip_local_port_range",
      "net.ipv4.tcp_syncookies",
      "net.ipv4.ping_group_range",
      "net.ipv4.ip_unprivileged_port_start",
    ],
  ],
  [27, ["net.ipv4.ip_local_reserved_ports"]],
  [
    29,
    [
      "net.ipv4.tcp_keepalive_time",
      "net.ipv4.tcp_fin_timeout",
      "net.ipv4.tcp_keepalive_intvl",
      "net.ipv4.tcp_keepalive_probes",
    ],
  ],
  [32, ["net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"]],
];

function sysctls(allowed: ReadonlySet<string>): CheckPod {
  return ({ securityContext }) => {
    const bad = (securityContext?.sysctls ?? []).map(({ name }) => name).filter((name) => !allowed.has(name));
    return bad.length === 0 ? undefined : { reason: "forbidden sysctls", detail: bad.join(", ") };
  };
}

const sysctlVersions = sysctlsSince.map(([since], i) => ({
  since,
  check: sysctls(new Set(sysctlsSince.slice(0, i + 1).flatMap(([, names]) => names))),
}));

const windowsHostProcess: CheckPod = (spec) => {
  const isPod = spec.securityContext?.windowsOptions?.hostProcess === true;
  const who = setters(
    isPod,
    namesWhere(spec, (context) => context?.windowsOptions?.hostProcess === true),
  );
  if (who === "") return undefined;
  return { reason: "hostProcess", detail: `${who} must not set securityContext.windowsOptions.hostProcess=true` };
};

const always = (check: CheckPod) => [{ since: 0, check }];

export const baselineChecks: readonly Check[] = [
  { id: "appArmorProfile", level: "baseline", versions: always(appArmorProfile) },
  { id: "capabilities_baseline", level: "baseline", versions: always(capabilities) },
  { id: "hostNamespaces", level: "baseline", versions: always(hostNamespaces) },
  { id: "hostPathVolumes", level: "baseline", versions: always(hostPathVolumes) },
  { id: "hostPorts", level: "baseline", versions: always(hostPorts) },
  { id: "hostProbesAndHostLifecycle", level: "baseline", versions: [{ since: 34, check: hostProbes }] },
  { id: "privileged", level: "baseline", versions: always(privileged) },
  {
    id: "procMount",
    level: "baseline",
    versions: [
      { since: 0, check: procMount },
      { since: 35, check: unlessInUserNamespace(procMount) },
    ],
  },
  {
    id: "seLinuxOptions",
    level: "baseline",
    versions: [
      { since: 0, check: seLinuxOptions(selinuxTypes) },
      { since: 31, check: seLinuxOptions([...selinuxTypes, "container_engine_t"]) },
    ],
  },
  {
    id: "seccompProfile_baseline",
    level: "baseline",
    versions: [
      { since: 0, check: seccompAnnotations },
      { since: 19, check: seccompProfile },
    ],
  },
  { id: "sysctls", level: "baseline", versions: sysctlVersions },
  { id: "windowsHostProcess", level: "baseline", versions: always(windowsHostProcess) },
];
