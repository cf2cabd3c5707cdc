/** NetworkPolicy. */

import {
  cidrContains,
  type FieldError,
  type FieldPath,
  forbiddenField,
  formatLabelSelector,
  invalidValue,
  isValidPortName,
  isValidPortNum,
  notSupported,
  parseCidr,
  path,
  pushAll,
  required,
  validateCidrLegacy,
  validateLabelSelector,
} from "@kubets/apimachinery";
import { ageColumn, column, nameColumn } from "../columns.ts";
import { portProtocols } from "../core/endpoints.ts";
import { define } from "../define.ts";
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from "../generated/types.ts";
import { specStrategy } from "../strategy.ts";

function setDefaults({ spec }: NetworkPolicy): void {
  if (spec === undefined) return;
  for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) {
    for (const port of rule.ports ?? []) port.protocol ??= "TCP";
  }
  if ((spec.policyTypes ?? []).length === 0) {
    spec.policyTypes = (spec.egress ?? []).length > 0 ? ["Ingress", "Egress"] : ["Ingress"];
  }
}

const specPath = path("spec");
const policyTypes = ["Egress", "Ingress"];

function validate({ spec }: NetworkPolicy): FieldError[] {
  const errors = validateLabelSelector(spec?.podSelector, specPath.child("podSelector"));
  for (const [i, { ports = [], from = [] }] of (spec?.ingress ?? []).entries()) {
    pushAll(errors, validateRule(ports, from, "from", specPath.child("ingress").index(i)));
  }
  for (const [i, { ports = [], to = [] }] of (spec?.egress ?? []).entries()) {
    pushAll(errors, validateRule(ports, to, "to", specPath.child("egress").index(i)));
  }
  const types = spec?.policyTypes ?? [];
  const at = specPath.child("policyTypes");
  if (types.length > 2) return [...errors, invalidValue(at, types, "may not specify more than two policyTypes")];
  const wrong = types.flatMap((type, i) =>
    policyTypes.includes(type) ? [] : [notSupported(at.index(i), type, policyTypes)],
  );
  return [...errors, ...wrong];
}

function validateRule(
  ports: readonly NetworkPolicyPort[],
  peers: readonly NetworkPolicyPeer[],
  field: string,
  at: FieldPath,
): FieldError[] {
  return [
    ...ports.flatMap((port, i) => validatePort(port, at.child("ports").index(i))),
    ...peers.flatMap((peer, i) => validatePeer(peer, at.child(field).index(i))),
  ];
}

function validatePort({ protocol, port, endPort }: NetworkPolicyPort, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (protocol !== undefined && !portProtocols.includes(protocol)) {
    errors.push(notSupported(at.child("protocol"), protocol, portProtocols));
  }
  if (port === undefined)
    return endPort === undefined
      ? errors
      : [...errors, required(at.child("port"), "must be specified when `endPort` is specified")];
  const complaints = typeof port === "number" ? isValidPortNum(port) : isValidPortName(port);
  pushAll(
    errors,
    complaints.map((why) => invalidValue(at.child("port"), port, why)),
  );
  if (endPort === undefined) return errors;
  if (typeof port === "string")
    errors.push(forbiddenField(at.child("endPort"), "may not be specified when `port` is non-numeric"));
  else if (endPort < port)
    errors.push(invalidValue(at.child("endPort"), endPort, "must be greater than or equal to `port`"));
  for (const why of isValidPortNum(endPort)) errors.push(invalidValue(at.child("endPort"), endPort, why));
  return errors;
}

function validatePeer({ podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer, at: FieldPath): FieldError[] {
  const selectors = podSelector !== undefined || namespaceSelector !== undefined;
  if (!selectors && ipBlock === undefined) return [required(at, "must specify a peer")];
  const errors = [
    ...validateLabelSelector(podSelector, at.child("podSelector")),
    ...validateLabelSelector(namespaceSelector, at.child("namespaceSelector")),
  ];
  if (ipBlock === undefined) return errors;
  const block = at.child("ipBlock");
  if (selectors) errors.push(forbiddenField(at, "may not specify both ipBlock and another peer"));
  if (!ipBlock.cidr) return [...errors, required(block.child("cidr"))];
  pushAll(errors, validateCidrLegacy(ipBlock.cidr, block.child("cidr")));
  const outer = parseCidr(ipBlock.cidr);
  for (const [i, except] of (ipBlock.except ?? []).entries()) {
    const where = block.child("except").index(i);
    pushAll(errors, validateCidrLegacy(except, where));
    const inner = parseCidr(except);
    if (outer === undefined || inner === undefined) continue;
    const within = cidrContains(outer, { family: inner.family, value: inner.network }) && inner.prefix > outer.prefix;
    if (!within) errors.push(invalidValue(where, except, "must be a strict subset of `cidr`"));
  }
  return errors;
}

export const networkPolicyDefinition = define<NetworkPolicy>("networking.k8s.io", "v1", "networkpolicies", {
  shortNames: ["netpol"],
  strategy: specStrategy<NetworkPolicy>({ setDefaults, validate, validateUpdate: validate }, { status: false }),
  columns: [
    nameColumn,
    column("Pod-Selector", (policy: NetworkPolicy) => formatLabelSelector(policy.spec?.podSelector)),
    ageColumn,
  ],
});
