/** The flow schemas and priority levels of every cluster. Source: apiserver's pkg/apis/flowcontrol/bootstrap. */

import type {
  FlowcontrolSubject,
  FlowSchema,
  NonResourcePolicyRule,
  PriorityLevelConfiguration,
  ResourcePolicyRule,
} from "@kubets/api";
import {
  allAuthenticated,
  allServiceAccounts,
  allUnauthenticated,
  kubeControllerManagerUser,
  kubeSchedulerUser,
  nodesGroup,
  systemPrivilegedGroup,
} from "../authentication/users.ts";

/** "true" on objects whose spec this program keeps as it is written here; "false" on those that someone wants otherwise. */
export const autoUpdateAnnotation = "apf.kubernetes.io/autoupdate-spec";

const apiVersion = "flowcontrol.apiserver.k8s.io/v1";
const annotations = { [autoUpdateAnnotation]: "true" };

type LevelSpec = NonNullable<PriorityLevelConfiguration["spec"]>;

function level(name: string, spec: LevelSpec): PriorityLevelConfiguration {
  return { apiVersion, kind: "PriorityLevelConfiguration", metadata: { name, annotations }, spec };
}

function queued(name: string, shares: number, lendable: number, queues: number, handSize: number) {
  const queuing = { queues, handSize, queueLengthLimit: 50 };
  return level(name, {
    type: "Limited",
    limited: {
      nominalConcurrencyShares: shares,
      lendablePercent: lendable,
      limitResponse: { type: "Queue", queuing },
    },
  });
}

const exemptLevel = level("exempt", { type: "Exempt", exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } });
const catchAllLevel = level("catch-all", {
  type: "Limited",
  limited: { nominalConcurrencyShares: 5, lendablePercent: 0, limitResponse: { type: "Reject" } },
});

export const mandatoryLevels: readonly PriorityLevelConfiguration[] = [exemptLevel, catchAllLevel];

export const suggestedLevels: readonly PriorityLevelConfiguration[] = [
  queued("system", 30, 33, 64, 6),
  queued("node-high", 40, 25, 64, 6),
  queued("leader-election", 10, 0, 16, 4),
  queued("workload-high", 40, 50, 128, 6),
  queued("workload-low", 100, 90, 128, 6),
  queued("global-default", 20, 50, 128, 6),
];

const groups = (...names: string[]): FlowcontrolSubject[] => names.map((name) => ({ kind: "Group", group: { name } }));
const users = (...names: string[]): FlowcontrolSubject[] => names.map((name) => ({ kind: "User", user: { name } }));
const kubeSystem = (...names: string[]): FlowcontrolSubject[] =>
  names.map((name) => ({ kind: "ServiceAccount", serviceAccount: { name, namespace: "kube-system" } }));

const everyResource: ResourcePolicyRule = {
  verbs: ["*"],
  apiGroups: ["*"],
  resources: ["*"],
  clusterScope: true,
  namespaces: ["*"],
};
const everyPath: NonResourcePolicyRule = { verbs: ["*"], nonResourceURLs: ["*"] };

function rule(verbs: string[], group: string, resources: string[], clusterScope = false): ResourcePolicyRule {
  return { verbs, apiGroups: [group], resources, ...(clusterScope ? { clusterScope } : {}), namespaces: ["*"] };
}

interface Rules {
  readonly resourceRules?: ResourcePolicyRule[];
  readonly nonResourceRules?: NonResourcePolicyRule[];
}

const everything: Rules = { resourceRules: [everyResource], nonResourceRules: [everyPath] };

function schema(
  name: string,
  levelName: string,
  matchingPrecedence: number,
  distinguisher: "ByUser" | "ByNamespace" | undefined,
  subjects: FlowcontrolSubject[],
  rules: Rules = everything,
): FlowSchema {
  return {
    apiVersion,
    kind: "FlowSchema",
    metadata: { name, annotations },
    spec: {
      priorityLevelConfiguration: { name: levelName },
      matchingPrecedence,
      ...(distinguisher === undefined ? {} : { distinguisherMethod: { type: distinguisher } }),
      rules: [{ subjects, ...rules }],
    },
  };
}

export const mandatorySchemas: readonly FlowSchema[] = [
  schema("exempt", "exempt", 1, undefined, groups(systemPrivilegedGroup)),
  schema("catch-all", "catch-all", 10_000, "ByUser", groups(allUnauthenticated, allAuthenticated)),
];

const readWrite = ["get", "create", "update"];
const leases = rule(readWrite, "coordination.k8s.io", ["leases"]);

export const suggestedSchemas: readonly FlowSchema[] = [
  schema("system-nodes", "system", 500, "ByUser", groups(nodesGroup)),
  schema("system-node-high", "node-high", 400, "ByUser", groups(nodesGroup), {
    resourceRules: [rule(["*"], "", ["nodes", "nodes/status"], true), rule(["*"], "coordination.k8s.io", ["leases"])],
  }),
  schema("probes", "exempt", 2, undefined, groups(allUnauthenticated, allAuthenticated), {
    nonResourceRules: [{ verbs: ["get"], nonResourceURLs: ["/healthz", "/readyz", "/livez"] }],
  }),
  schema(
    "system-leader-election",
    "leader-election",
    100,
    "ByUser",
    [...users(kubeControllerManagerUser, kubeSchedulerUser), ...kubeSystem("*")],
    { resourceRules: [leases] },
  ),
  schema("kube-controller-manager", "workload-high", 800, "ByNamespace", users(kubeControllerManagerUser)),
  schema("kube-scheduler", "workload-high", 800, "ByNamespace", users(kubeSchedulerUser)),
  schema("kube-system-service-accounts", "workload-high", 900, "ByNamespace", kubeSystem("*")),
  schema("service-accounts", "workload-low", 9000, "ByUser", groups(allServiceAccounts)),
  schema("global-default", "global-default", 9900, "ByUser", groups(allUnauthenticated, allAuthenticated)),
];
