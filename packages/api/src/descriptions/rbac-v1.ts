import type { Descriptions } from "./description.ts";

const roleRef = "The role whose permissions are granted. It cannot be changed: make a new binding instead.";
const subjects = "Who is granted them.";

export const rbacV1: Descriptions = {
  AggregationRule: {
    about: "From which ClusterRoles another takes its rules.",
    fields: { clusterRoleSelectors: "Their labels. A role that any of the selectors matches is taken." },
  },
  ClusterRole: {
    about:
      "Permissions, to be granted in the whole cluster by a ClusterRoleBinding or in a namespace by a RoleBinding.",
    fields: {
      aggregationRule:
        "Other ClusterRoles from which a controller takes the rules together; what is written in rules by hand is then replaced.",
      rules: "The permissions.",
    },
  },
  ClusterRoleBinding: {
    about: "Grants the permissions of a ClusterRole in the whole cluster.",
    fields: { roleRef, subjects },
  },
  PolicyRule: {
    about: "What may be done with what. There are no rules that forbid.",
    fields: {
      apiGroups: 'The groups of the resources. "" is the core group, * all.',
      nonResourceURLs:
        "Paths that are not of resources, such as /metrics; * may stand as the last step. Only in ClusterRoles, not together with resources.",
      resourceNames: "Names of the objects. Without it all of them.",
      resources: "The resources, such as pods, or subresources, such as pods/log. * is all.",
      verbs: "What may be done, such as get, list, watch, create, update, patch, delete. * is everything.",
    },
  },
  Role: {
    about: "Permissions in one namespace, to be granted by a RoleBinding.",
    fields: { rules: "The permissions." },
  },
  RoleBinding: {
    about: "Grants the permissions of a Role of its namespace, or of a ClusterRole, in its namespace.",
    fields: { roleRef, subjects },
  },
  RoleRef: {
    about: "The role that a binding is about.",
    fields: { apiGroup: "rbac.authorization.k8s.io.", kind: "Role or ClusterRole.", name: "The name of the role." },
  },
  Subject: {
    about: "A user, a group or a service account.",
    fields: {
      apiGroup: 'The group of kind: "" for ServiceAccount, rbac.authorization.k8s.io for User and Group.',
      kind: "User, Group or ServiceAccount.",
      name: "The name.",
      namespace: "The namespace of a service account. Not for users and groups.",
    },
  },
};
