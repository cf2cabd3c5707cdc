/** What restricted asks beyond baseline: the hardening that is best practice today. Source: k8s.io/pod-security-admission/policy/check_*.go. */

import type { Container, Volume } from "@kubets/api";
import { isSeccompType, procMount, seccompProfile } from "./baseline-checks.ts";
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
  unlessWindows,
} from "./check.ts";

const allowPrivilegeEscalation: CheckPod = (spec) => {
  const bad = namesWhere(spec, (context) => context?.allowPrivilegeEscalation !== false);
  if (bad.length === 0) return undefined;
  return {
    reason: "allowPrivilegeEscalation != false",
    detail: `${containers(bad)} must set securityContext.allowPrivilegeEscalation=false`,
  };
};

const capabilities: CheckPod = (spec) => {
  const added = ({ securityContext }: Container) =>
    (securityContext?.capabilities?.add ?? []).filter((capability) => capability !== "NET_BIND_SERVICE");
  const keeping = namesWhere(spec, (context) => !context?.capabilities?.drop?.includes("ALL"));
  const adding = namesWhere(spec, (_, container) => added(container).length > 0);
  const list = quoted(sorted(containersOf(spec).flatMap(added)));
  const details = [
    ...(keeping.length > 0 ? [`${containers(keeping)} must set securityContext.capabilities.drop=["ALL"]`] : []),
    ...(adding.length > 0
      ? [`${containers(adding)} must not include ${list} in securityContext.capabilities.add`]
      : []),
  ];
  return details.length === 0 ? undefined : { reason: "unrestricted capabilities", detail: details.join("; ") };
};

const allowedVolumes: readonly (keyof Volume)[] = [
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "image",
  "persistentVolumeClaim",
  "projected",
  "secret",
];
const forbiddenVolumes: readonly (keyof Volume)[] = [
  "hostPath",
  "gcePersistentDisk",
  "awsElasticBlockStore",
  "gitRepo",
  "nfs",
  "iscsi",
  "glusterfs",
  "rbd",
  "flexVolume",
  "cinder",
  "cephfs",
  "flocker",
  "fc",
  "azureFile",
  "vsphereVolume",
  "quobyte",
  "azureDisk",
  "photonPersistentDisk",
  "portworxVolume",
  "scaleIO",
  "storageos",
];

const restrictedVolumes: CheckPod = ({ volumes = [] }) => {
  const bad = volumes.filter((volume) => !allowedVolumes.some((type) => volume[type] !== undefined));
  if (bad.length === 0) return undefined;
  const typeOf = (volume: Volume) => forbiddenVolumes.find((type) => volume[type] !== undefined) ?? "unknown";
  const types = sorted(bad.map(typeOf));
  const names = quoted(bad.map(({ name }) => name));
  const uses = bad.length === 1 ? "uses" : "use";
  return {
    reason: "restricted volume types",
    detail: `${plural("volume", bad.length)} ${names} ${uses} ${plural("restricted volume type", types.length)} ${quoted(types)}`,
  };
};

const runAsNonRoot: CheckPod = (spec) => {
  const reason = "runAsNonRoot != true";
  const own = spec.securityContext?.runAsNonRoot;
  const who = setters(
    own === false,
    namesWhere(spec, (context) => context?.runAsNonRoot === false),
  );
  if (who !== "") return { reason, detail: `${who} must not set securityContext.runAsNonRoot=false` };
  if (own === true) return undefined;
  const silent = namesWhere(spec, (context) => context?.runAsNonRoot === undefined);
  if (silent.length === 0) return undefined;
  return { reason, detail: `pod or ${containers(silent)} must set securityContext.runAsNonRoot=true` };
};

const runAsUser: CheckPod = (spec) => {
  const isPod = spec.securityContext?.runAsUser === 0;
  const who = setters(
    isPod,
    namesWhere(spec, (context) => context?.runAsUser === 0),
  );
  return who === "" ? undefined : { reason: "runAsUser=0", detail: `${who} must not set runAsUser=0` };
};

const seccomp: CheckPod = (spec, metadata) => {
  const wrong = seccompProfile(spec, metadata);
  if (wrong !== undefined || isSeccompType(spec.securityContext?.seccompProfile?.type)) return wrong;
  const silent = namesWhere(spec, (context) => context?.seccompProfile === undefined);
  if (silent.length === 0) return undefined;
  return {
    reason: "seccompProfile",
    detail: `pod or ${containers(silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
  };
};

export const restrictedChecks: readonly Check[] = [
  {
    id: "allowPrivilegeEscalation",
    level: "restricted",
    versions: [
      { since: 8, check: allowPrivilegeEscalation },
      { since: 25, check: unlessWindows(allowPrivilegeEscalation) },
    ],
  },
  {
    id: "capabilities_restricted",
    level: "restricted",
    overrides: "capabilities_baseline",
    versions: [
      { since: 22, check: capabilities },
      { since: 25, check: unlessWindows(capabilities) },
    ],
  },
  {
    id: "procMount_restricted",
    level: "restricted",
    overrides: "procMount",
    versions: [{ since: 35, check: procMount }],
  },
  {
    id: "restrictedVolumes",
    level: "restricted",
    overrides: "hostPathVolumes",
    versions: [{ since: 0, check: restrictedVolumes }],
  },
  {
    id: "runAsNonRoot",
    level: "restricted",
    versions: [
      { since: 0, check: runAsNonRoot },
      { since: 35, check: unlessInUserNamespace(runAsNonRoot) },
    ],
  },
  {
    id: "runAsUser",
    level: "restricted",
    versions: [
      { since: 23, check: runAsUser },
      { since: 35, check: unlessInUserNamespace(runAsUser) },
    ],
  },
  {
    id: "seccompProfile_restricted",
    level: "restricted",
    overrides: "seccompProfile_baseline",
    versions: [
      { since: 19, check: seccomp },
      { since: 25, check: unlessWindows(seccomp) },
    ],
  },
];
