/** Names and network of a Pod: DNS, host aliases, host network. Source: validatePodDNSConfig, ValidateHostAliases, validatePodHostNetworkDeps. */

import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  isDNS1123Subdomain,
  isDNS1123SubdomainWithUnderscore,
  pushAll,
  required,
} from "@kubets/apimachinery";
import type { HostAlias, PodDNSConfig, PodSpec } from "../generated/types.ts";
import { complaints, dnsLabel, dnsSubdomain, ipAddress, oneOf } from "./pod-field-checks.ts";

/** What libc's resolver takes. */
const maxNameservers = 3;
const maxSearches = 32;
const maxSearchCharacters = 2048;

const dnsPolicies = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];

export function validatePodNetwork(spec: PodSpec, isPod: boolean, at: FieldPath): FieldError[] {
  return [
    ...validateHostNetworkPorts(spec, isPod, at.child("containers")),
    ...oneOf(at.child("dnsPolicy"), spec.dnsPolicy, dnsPolicies),
    ...validateDNSConfig(spec.dnsConfig, spec.dnsPolicy, at.child("dnsConfig")),
    ...(spec.hostname ? dnsLabel(at.child("hostname"), spec.hostname) : []),
    ...(spec.subdomain ? dnsLabel(at.child("subdomain"), spec.subdomain) : []),
    ...validateHostnameOverride(spec, at),
    ...validateHostAliases(spec.hostAliases, at.child("hostAliases")),
  ];
}

/** On the host's network a container's port is the host's. In a template it may be left out: the Pod's defaults fill it in. */
function validateHostNetworkPorts(spec: PodSpec, isPod: boolean, at: FieldPath): FieldError[] {
  if (spec.hostNetwork !== true) return [];
  const errors: FieldError[] = [];
  for (const [c, container] of (spec.containers ?? []).entries())
    for (const [p, { hostPort = 0, containerPort }] of (container.ports ?? []).entries())
      if ((isPod || hostPort !== 0) && hostPort !== containerPort)
        errors.push(
          invalidValue(
            at.index(c).child("ports").index(p).child("hostPort"),
            hostPort,
            "must match `containerPort` when `hostNetwork` is true",
          ),
        );
  return errors;
}

function validateDNSConfig(config: PodDNSConfig | undefined, policy: string | undefined, at: FieldPath): FieldError[] {
  if (policy === "None") {
    if (config === undefined) return [required(at, "must provide `dnsConfig` when `dnsPolicy` is None")];
    if (!config.nameservers?.length)
      return [required(at.child("nameservers"), "must provide at least one DNS nameserver when `dnsPolicy` is None")];
  }
  if (config === undefined) return [];
  const { nameservers = [], searches = [], options = [] } = config;
  const errors: FieldError[] = [];
  if (nameservers.length > maxNameservers)
    errors.push(
      invalidValue(at.child("nameservers"), nameservers, `must not have more than ${maxNameservers} nameservers`),
    );
  for (const [i, ip] of nameservers.entries()) pushAll(errors, ipAddress(at.child("nameservers").index(i), ip));
  pushAll(errors, validateSearches(searches, at.child("searches")));
  for (const [i, { name }] of options.entries())
    if (!name) errors.push(required(at.child("options").index(i), "must not be empty"));
  return errors;
}

function validateSearches(searches: readonly string[], at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (searches.length > maxSearches)
    errors.push(invalidValue(at, searches, `must not have more than ${maxSearches} search paths`));
  if (searches.join(" ").length > maxSearchCharacters)
    errors.push(
      invalidValue(
        at,
        searches,
        `must not have more than ${maxSearchCharacters} characters (including spaces) in the search list`,
      ),
    );
  for (const [i, search] of searches.entries()) {
    if (search === ".") continue;
    const name = search.endsWith(".") ? search.slice(0, -1) : search;
    pushAll(errors, complaints(at.index(i), name, isDNS1123SubdomainWithUnderscore(name)));
  }
  return errors;
}

/** KEP-4762. */
function validateHostnameOverride(spec: PodSpec, at: FieldPath): FieldError[] {
  const name = spec.hostnameOverride;
  if (name === undefined) return [];
  const here = at.child("hostnameOverride");
  const errors = complaints(here, name, isDNS1123Subdomain(name));
  if (name.length > 64) errors.push(invalidValue(here, name, "must be no more than 64 bytes"));
  if (spec.setHostnameAsFQDN === true)
    errors.push(forbiddenField(here, "may not be specified when `setHostnameAsFQDN` is true"));
  if (spec.hostNetwork === true) errors.push(forbiddenField(here, "may not be specified when `hostNetwork` is true"));
  return errors;
}

function validateHostAliases(aliases: readonly HostAlias[] | undefined, at: FieldPath): FieldError[] {
  return (aliases ?? []).flatMap(({ ip, hostnames }, i) => [
    ...ipAddress(at.index(i).child("ip"), ip),
    ...(hostnames ?? []).flatMap((name, j) => dnsSubdomain(at.index(i).child("hostnames").index(j), name)),
  ]);
}
