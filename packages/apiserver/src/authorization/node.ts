/** The Node authorizer: a kubelet may have what its pods need, and nothing of other nodes'. Source: kubernetes' auth/authorizer/node. */

import { nodeNameOf } from "../authentication/users.ts";
import type { AuthorizationAttributes, AuthorizationDecision, Authorizer, UserRules } from "./authorizer.ts";
import { nodeRules } from "./bootstrap-policy/node-rules.ts";
import type { GraphKind, NodeGraph } from "./node-graph.ts";
import { ruleAllows } from "./rules.ts";

const allow: AuthorizationDecision = { decision: "Allow", reason: "" };
const noOpinion = (reason = ""): AuthorizationDecision => ({ decision: "NoOpinion", reason });

const leaseVerbs = new Set(["get", "create", "update", "patch", "delete"]);
const readVerbs = new Set(["get", "list", "watch"]);

export class NodeAuthorizer implements Authorizer {
  readonly #graph: NodeGraph;
  readonly #rules = nodeRules();

  constructor(graph: NodeGraph) {
    this.#graph = graph;
  }

  authorize(attributes: AuthorizationAttributes): AuthorizationDecision {
    const { user, isResourceRequest, apiGroup, resource } = attributes;
    const node = nodeNameOf(user);
    if (node === undefined) return noOpinion();
    if (node === "") return noOpinion(`unknown node for user ${JSON.stringify(user.name)}`);
    if (!isResourceRequest) return this.#byRules(attributes);
    switch (`${apiGroup}/${resource}`) {
      case "/secrets":
        return this.#read(node, "secret", attributes);
      case "/configmaps":
        return this.#read(node, "configmap", attributes);
      case "/persistentvolumeclaims":
        if (attributes.subresource === "status") return this.#updateStatus(node, "pvc", attributes);
        return this.#get(node, "pvc", attributes);
      case "/persistentvolumes":
        return this.#get(node, "pv", attributes);
      case "resource.k8s.io/resourceclaims":
        return this.#get(node, "resourceclaim", attributes);
      case "storage.k8s.io/volumeattachments":
        return this.#get(node, "volumeattachment", attributes);
      case "/serviceaccounts":
        return this.#serviceAccount(node, attributes);
      case "coordination.k8s.io/leases":
        return lease(node, attributes);
      case "storage.k8s.io/csinodes":
        return csiNode(node, attributes);
      case "resource.k8s.io/resourceslices":
        return this.#resourceSlice(node, attributes);
      case "/nodes":
        return ownNode(node, attributes);
      case "/pods":
        return this.#pod(node, attributes);
      default:
        return this.#byRules(attributes);
    }
  }

  /** Nodes' permissions cannot be told as rules. */
  rulesFor(user: AuthorizationAttributes["user"]): UserRules {
    if (nodeNameOf(user) === undefined) return { resourceRules: [], nonResourceRules: [], incomplete: false };
    const error = "node authorizer does not support user rule resolution";
    return { resourceRules: [], nonResourceRules: [], incomplete: true, error };
  }

  #byRules(attributes: AuthorizationAttributes): AuthorizationDecision {
    return this.#rules.some((rule) => ruleAllows(attributes, rule)) ? allow : noOpinion();
  }

  #related(node: string, kind: GraphKind, { namespace, name }: AuthorizationAttributes): AuthorizationDecision {
    if (name === "") return noOpinion("No Object name found");
    if (this.#graph.relates(node, kind, namespace, name)) return allow;
    return noOpinion(`no relationship found between node '${node}' and this object`);
  }

  #read(node: string, kind: GraphKind, attributes: AuthorizationAttributes): AuthorizationDecision {
    if (!readVerbs.has(attributes.verb)) return noOpinion("can only read resources of this type");
    if (attributes.subresource !== "") return noOpinion("cannot read subresource");
    if (attributes.namespace === "") return noOpinion("can only read namespaced object of this type");
    return this.#related(node, kind, attributes);
  }

  #get(node: string, kind: GraphKind, attributes: AuthorizationAttributes): AuthorizationDecision {
    if (attributes.verb !== "get") return noOpinion("can only get individual resources of this type");
    if (attributes.subresource !== "") return noOpinion("cannot get subresource");
    return this.#related(node, kind, attributes);
  }

  #updateStatus(node: string, kind: GraphKind, attributes: AuthorizationAttributes): AuthorizationDecision {
    const { verb } = attributes;
    if (verb !== "update" && verb !== "patch") return noOpinion("can only get/update/patch this type");
    return this.#related(node, kind, attributes);
  }

  #serviceAccount(node: string, attributes: AuthorizationAttributes): AuthorizationDecision {
    if (attributes.verb === "get" && attributes.subresource === "")
      return this.#read(node, "serviceaccount", attributes);
    if (attributes.verb !== "create" || attributes.name === "")
      return noOpinion("can only create tokens for individual service accounts");
    if (attributes.subresource !== "token") return noOpinion("can only create token subresource of serviceaccount");
    return this.#related(node, "serviceaccount", attributes);
  }

  #resourceSlice(node: string, attributes: AuthorizationAttributes): AuthorizationDecision {
    if (attributes.subresource !== "") return noOpinion("cannot authorize ResourceSlice subresources");
    switch (attributes.verb) {
      case "create": // Whose it is, NodeRestriction checks.
        return allow;
      case "get":
      case "update":
      case "patch":
      case "delete":
        return this.#related(node, "resourceslice", attributes);
      case "watch":
      case "list":
      case "deletecollection":
        if (attributes.fieldSelector?.requiresExactMatch("nodeName") === node) return allow;
        return noOpinion("can only list/watch/deletecollection resourceslices with nodeName field selector");
      default:
        return noOpinion(
          "only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection",
        );
    }
  }

  #pod(node: string, attributes: AuthorizationAttributes): AuthorizationDecision {
    const { verb, subresource, name, fieldSelector } = attributes;
    switch (`${verb} ${subresource}`) {
      case "get ":
        return this.#related(node, "pod", attributes);
      case "list ":
      case "watch ":
        if (fieldSelector?.requiresExactMatch("spec.nodeName") === node) return allow;
        if (name !== "") return this.#related(node, "pod", attributes);
        return noOpinion("can only list/watch pods with spec.nodeName field selector");
      // Whose pods, NodeRestriction checks.
      case "create ":
      case "delete ":
      case "update status":
      case "patch status":
      case "create eviction":
        return allow;
      default:
        return noOpinion();
    }
  }
}

function lease(node: string, { verb, namespace, name }: AuthorizationAttributes): AuthorizationDecision {
  if (!leaseVerbs.has(verb)) return noOpinion("can only get, create, update, patch, or delete a node lease");
  if (namespace !== "kube-node-lease")
    return noOpinion('can only access leases in the "kube-node-lease" system namespace');
  // A create's name is in its body: NodeRestriction checks it.
  if (verb !== "create" && name !== node)
    return noOpinion("can only access node lease with the same name as the requesting node");
  return allow;
}

function csiNode(node: string, { verb, subresource, name }: AuthorizationAttributes): AuthorizationDecision {
  if (!leaseVerbs.has(verb)) return noOpinion("can only get, create, update, patch, or delete a CSINode");
  if (subresource !== "") return noOpinion("cannot authorize CSINode subresources");
  if (verb !== "create" && name !== node)
    return noOpinion("can only access CSINode with the same name as the requesting node");
  return allow;
}

function ownNode(node: string, { verb, subresource, name }: AuthorizationAttributes): AuthorizationDecision {
  if (subresource === "status") return verb === "update" || verb === "patch" ? allow : noOpinion();
  if (subresource !== "") return noOpinion();
  if (verb === "create" || verb === "update" || verb === "patch") return allow;
  if (!readVerbs.has(verb)) return noOpinion();
  if (name === node) return allow;
  if (name === "") return noOpinion(`node '${node}' cannot read all nodes, only its own Node object`);
  return noOpinion(`node '${node}' cannot read '${name}', only its own Node object`);
}
