import { test } from "node:test";
import { acceptsAndRefuses, podOf, podWithContainer } from "./pod-test-objects.ts";

test("security, operating system and names", () => {
  const secure = (securityContext: object) => podWithContainer({ securityContext });
  acceptsAndRefuses([
    [
      "escalation",
      secure({ privileged: true }),
      secure({ privileged: true, allowPrivilegeEscalation: false }),
      [
        'spec.containers[0].securityContext: Invalid value: {"privileged":true,"allowPrivilegeEscalation":false}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
      ],
    ],
    [
      "seccomp",
      secure({ seccompProfile: { type: "RuntimeDefault" } }),
      secure({ seccompProfile: { type: "Localhost" } }),
      [
        "spec.containers[0].securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost",
      ],
    ],
    [
      "users",
      secure({ runAsUser: 0 }),
      secure({ runAsUser: -1 }),
      ["spec.containers[0].securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive"],
    ],
    [
      "sysctls",
      podOf({ securityContext: { sysctls: [{ name: "kernel/shm_rmid_forced", value: "1" }] } }),
      podOf({ hostNetwork: true, securityContext: { sysctls: [{ name: "net.ipv4.ip_forward", value: "1" }] } }),
      [
        `spec.securityContext.sysctls[0].name: Invalid value: "net.ipv4.ip_forward": may not be specified when 'hostNetwork' is true`,
      ],
    ],
    [
      "user namespaces",
      podOf({ hostUsers: false }),
      podOf({ hostUsers: false, hostPID: true }),
      ["spec.HostPID: Forbidden: when `pod.Spec.HostUsers` is false"],
    ],
    [
      "os",
      podOf({ os: { name: "linux" } }),
      podOf({ os: { name: "windows" }, securityContext: { runAsUser: 1 } }),
      ["spec.securityContext.runAsUser: Forbidden: cannot be set for a windows pod"],
    ],
    [
      "restart policy",
      podOf({ restartPolicy: "OnFailure" }),
      podOf({ restartPolicy: "Maybe" }),
      ['spec.restartPolicy: Unsupported value: "Maybe": supported values: "Always", "OnFailure", "Never"'],
    ],
    [
      "dns",
      podOf({ dnsPolicy: "None", dnsConfig: { nameservers: ["1.1.1.1"] } }),
      podOf({ dnsPolicy: "None" }),
      ["spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"],
    ],
    [
      "host aliases",
      podOf({ hostAliases: [{ ip: "127.0.0.1", hostnames: ["a.b"] }] }),
      podOf({ hostAliases: [{ ip: "x" }] }),
      ['spec.hostAliases[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
    ],
    [
      "deadline",
      podOf({ activeDeadlineSeconds: 1 }),
      podOf({ activeDeadlineSeconds: 0 }),
      ["spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"],
    ],
    [
      "mirror pods",
      podOf({ nodeName: "n" }, { annotations: { "kubernetes.io/config.mirror": "x" } }),
      podOf({}, { annotations: { "kubernetes.io/config.mirror": "x" } }),
      [
        'metadata.annotations[kubernetes.io/config.mirror]: Invalid value: "x": must set spec.nodeName if mirror pod annotation is set',
      ],
    ],
    [
      "deletion cost",
      podOf({}, { annotations: { "controller.kubernetes.io/pod-deletion-cost": "-5" } }),
      podOf({}, { annotations: { "controller.kubernetes.io/pod-deletion-cost": "+5" } }),
      [
        'metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: "+5": must be a 32bit integer',
      ],
    ],
    [
      "overhead",
      podOf({ overhead: { cpu: "1m" } }),
      podOf({ overhead: { cpu: "-1m" } }),
      ['spec.overhead.limits[cpu]: Invalid value: "-1m": must be greater than or equal to 0'],
    ],
  ]);
});
