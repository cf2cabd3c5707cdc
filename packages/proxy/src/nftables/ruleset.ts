/**
 * What the nftables table should hold: chains of rules, maps and sets of elements. Plain data, so that two can be compared and the
 * difference written as one transaction. The layout is upstream's nftables mode (KEP-3866): dispatch is a lookup in verdict maps,
 * whatever the number of Services.
 */

import { createHash } from "node:crypto";
import { pushAll } from "@kubets/apimachinery";
import type { Endpoint, ServicePort } from "../service-ports.ts";

export interface Ruleset {
  /** Chain name to its rules, in order. */
  readonly chains: Map<string, readonly string[]>;
  /** Map or set name to its elements: key to verdict, or to "" in a set. */
  readonly elements: Map<string, Map<string, string>>;
  /** Sets of client addresses, one per endpoint of a Service with affinity; their elements are the kernel's. Name to declaration. */
  readonly affinitySets: Map<string, string>;
}

export interface RulesetOptions {
  readonly family: "ip" | "ip6";
  /** Addresses that come from here are pods': they reach cluster IPs unmasqueraded. */
  readonly podCIDR: string;
  /** Addresses of the node on which node ports answer. */
  readonly nodePortIPs: readonly string[];
}

export const tableName = "kube-proxy";
/** The bit that marks a packet for masquerading; upstream's. */
const masqueradeMark = "0x4000";

/** Declarations that never change; the table is made with these. */
export function baseDeclarations(family: "ip" | "ip6"): string[] {
  const address = family === "ip" ? "ipv4_addr" : "ipv6_addr";
  const table = `${family} ${tableName}`;
  return [
    `add table ${table} { comment "rules for kube-proxy" ; }`,
    `add chain ${table} filter-input { type filter hook input priority -110 ; }`,
    `add chain ${table} filter-forward { type filter hook forward priority -110 ; }`,
    `add chain ${table} filter-output { type filter hook output priority -90 ; }`,
    `add chain ${table} nat-output { type nat hook output priority -100 ; }`,
    `add chain ${table} nat-postrouting { type nat hook postrouting priority 100 ; }`,
    `add chain ${table} nat-prerouting { type nat hook prerouting priority -100 ; }`,
    `add set ${table} cluster-ips { type ${address} ; comment "Active ClusterIPs" ; }`,
    `add set ${table} nodeport-ips { type ${address} ; comment "IPs that accept NodePort traffic" ; }`,
    `add map ${table} no-endpoint-services { type ${address} . inet_proto . inet_service : verdict ; comment "vmap to drop or reject packets to services with no endpoints" ; }`,
    `add map ${table} no-endpoint-nodeports { type inet_proto . inet_service : verdict ; comment "vmap to drop or reject packets to service nodeports with no endpoints" ; }`,
    `add map ${table} service-ips { type ${address} . inet_proto . inet_service : verdict ; comment "ClusterIP, ExternalIP and LoadBalancer IP traffic" ; }`,
    `add map ${table} service-nodeports { type inet_proto . inet_service : verdict ; comment "NodePort traffic" ; }`,
  ];
}

/** The names of the chains that {@link baseDeclarations} makes: they are filled, never deleted. */
export const hookChains = [
  "filter-input",
  "filter-forward",
  "filter-output",
  "nat-output",
  "nat-postrouting",
  "nat-prerouting",
];

/** The same for the same ports in whatever order, so that two can be compared. */
export function buildRuleset(ports: Iterable<ServicePort>, options: RulesetOptions): Ruleset {
  const ruleset: Ruleset = {
    chains: new Map(baseChains(options)),
    elements: new Map(
      [
        "cluster-ips",
        "nodeport-ips",
        "no-endpoint-services",
        "no-endpoint-nodeports",
        "service-ips",
        "service-nodeports",
      ].map((name) => [name, new Map<string, string>()]),
    ),
    affinitySets: new Map(),
  };
  for (const ip of options.nodePortIPs) setElement(ruleset, "nodeport-ips", ip, "");
  for (const port of ports) addServicePort(ruleset, port, options);
  return ruleset;
}

function baseChains({ family }: RulesetOptions): [string, string[]][] {
  const destination = `${family} daddr . meta l4proto . th dport`;
  return [
    ["mark-for-masquerade", [`mark set mark or ${masqueradeMark}`]],
    [
      "masquerading",
      [`mark and ${masqueradeMark} == 0 return`, `mark set mark xor ${masqueradeMark}`, "masquerade fully-random"],
    ],
    [
      "services",
      [
        `${destination} vmap @service-ips`,
        `${family} daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports`,
      ],
    ],
    ["service-endpoints-check", [`${destination} vmap @no-endpoint-services`]],
    ["nodeport-endpoints-check", [`${family} daddr @nodeport-ips meta l4proto . th dport vmap @no-endpoint-nodeports`]],
    [
      "cluster-ips-check",
      [`${family} daddr @cluster-ips goto reject-chain comment "Reject traffic to invalid ports of ClusterIPs"`],
    ],
    // Upstream sends an ICMP message for TCP too. A blocking connect() misses the one that comes back while it holds its socket, and is refused
    // only after its second try, a second later; a reset is refused at once.
    ["reject-chain", ["meta l4proto tcp reject with tcp reset", "reject"]],
    ["filter-input", ["ct state new jump nodeport-endpoints-check", "ct state new jump service-endpoints-check"]],
    ["filter-forward", ["ct state new jump service-endpoints-check", "ct state new jump cluster-ips-check"]],
    ["filter-output", ["ct state new jump service-endpoints-check", "ct state new jump cluster-ips-check"]],
    ["nat-output", ["jump services"]],
    ["nat-prerouting", ["jump services"]],
    ["nat-postrouting", ["jump masquerading"]],
  ];
}

function setElement(ruleset: Ruleset, container: string, key: string, verdict: string): void {
  ruleset.elements.get(container)?.set(key, verdict);
}

function addServicePort(ruleset: Ruleset, port: ServicePort, options: RulesetOptions): void {
  const { protocol } = port;
  const clusterKey = `${port.clusterIP} . ${protocol} . ${port.port}`;
  const nodePortKey = `${protocol} . ${port.nodePort}`;
  setElement(ruleset, "cluster-ips", port.clusterIP, "");
  const outside = port.externalLocal ? port.localEndpoints : port.endpoints;
  // Endpoints elsewhere: whoever sent the packet here was wrong, but the Service is alive, so it is dropped silently.
  const refuse = port.hasAnyEndpoints ? "drop" : "goto reject-chain";

  if (port.endpoints.length > 0) {
    addServiceChain(ruleset, port, options);
    setElement(ruleset, "service-ips", clusterKey, `goto ${chainName("service", port)}`);
  } else setElement(ruleset, "no-endpoint-services", clusterKey, refuse);

  if (port.nodePort === 0 && port.externalIPs.length === 0) return;
  // Under the Local policy pods and the node itself reach endpoints elsewhere all the same: what the chain does not lead on is refused after it.
  const hasChain = outside.length > 0 || port.endpoints.length > 0;
  if (hasChain) addExternalChain(ruleset, port, options);
  for (const ip of port.externalIPs) {
    const key = `${ip} . ${protocol} . ${port.port}`;
    if (hasChain) setElement(ruleset, "service-ips", key, `goto ${chainName("external", port)}`);
    if (outside.length === 0) setElement(ruleset, "no-endpoint-services", key, refuse);
  }
  if (port.nodePort === 0) return;
  if (hasChain) setElement(ruleset, "service-nodeports", nodePortKey, `goto ${chainName("external", port)}`);
  if (outside.length === 0) setElement(ruleset, "no-endpoint-nodeports", nodePortKey, refuse);
}

function addServiceChain(ruleset: Ruleset, port: ServicePort, options: RulesetOptions): void {
  const { family, podCIDR } = options;
  const fromOutside = `${family} daddr ${port.clusterIP} ${port.protocol} dport ${port.port} ${family} saddr != ${podCIDR}`;
  ruleset.chains.set(chainName("service", port), [
    `${fromOutside} jump mark-for-masquerade`,
    ...balance(ruleset, port, port.endpoints, options),
  ]);
}

/** Traffic to a node port, external IP or load balancer IP. */
function addExternalChain(ruleset: Ruleset, port: ServicePort, options: RulesetOptions): void {
  const service = chainName("service", port);
  const rules: string[] = [];
  if (!port.externalLocal) rules.push("jump mark-for-masquerade", `goto ${service}`);
  else {
    if (port.endpoints.length > 0)
      rules.push(
        `${options.family} saddr ${options.podCIDR} goto ${service} comment "short-circuit pod traffic"`,
        `fib saddr type local jump mark-for-masquerade comment "masquerade local traffic"`,
        `fib saddr type local goto ${service} comment "short-circuit local traffic"`,
      );
    if (port.localEndpoints.length > 0) pushAll(rules, balance(ruleset, port, port.localEndpoints, options));
  }
  ruleset.chains.set(chainName("external", port), rules);
}

/** Rules that send the packet to one of the endpoints: to the one it was sent to before, under affinity, else to any. */
function balance(
  ruleset: Ruleset,
  port: ServicePort,
  endpoints: readonly Endpoint[],
  options: RulesetOptions,
): string[] {
  const rules: string[] = [];
  for (const endpoint of endpoints) {
    addEndpointChain(ruleset, port, endpoint, options);
    if (port.affinitySeconds > 0)
      rules.push(
        `${options.family} saddr @${endpointName("affinity", port, endpoint)} goto ${endpointName("endpoint", port, endpoint)}`,
      );
  }
  const choices = endpoints.map((endpoint, i) => `${i} : goto ${endpointName("endpoint", port, endpoint)}`);
  rules.push(`numgen random mod ${endpoints.length} vmap { ${choices.join(" , ")} }`);
  return rules;
}

function addEndpointChain(ruleset: Ruleset, port: ServicePort, endpoint: Endpoint, { family }: RulesetOptions): void {
  const target = family === "ip" ? `${endpoint.ip}:${endpoint.port}` : `[${endpoint.ip}]:${endpoint.port}`;
  const rules = [`${family} saddr ${endpoint.ip} jump mark-for-masquerade`]; // A pod that reaches itself through its Service.
  if (port.affinitySeconds > 0) {
    const set = endpointName("affinity", port, endpoint);
    const address = family === "ip" ? "ipv4_addr" : "ipv6_addr";
    ruleset.affinitySets.set(set, `{ type ${address} ; flags dynamic,timeout ; timeout ${port.affinitySeconds}s ; }`);
    rules.push(`update @${set} { ${family} saddr }`);
  }
  rules.push(`meta l4proto ${port.protocol} dnat to ${target}`);
  ruleset.chains.set(endpointName("endpoint", port, endpoint), rules);
}

/** Chain names hold at most 128 bytes; the hash comes first so that a cut name stays unique. */
const maxNameLength = 100;

function chainName(role: "service" | "external", port: ServicePort): string {
  const text = `${port.namespace}/${port.service}/${port.protocol}/${port.portName}`;
  return `${role}-${shortHash(text)}-${text}`.slice(0, maxNameLength);
}

function endpointName(role: "endpoint" | "affinity", port: ServicePort, { ip, port: number }: Endpoint): string {
  const text = `${port.namespace}/${port.service}/${port.protocol}/${port.portName}__${ip}/${number}`;
  return `${role}-${shortHash(text)}-${text.replaceAll(":", ".")}`.slice(0, maxNameLength);
}

function shortHash(text: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const digest = createHash("sha256").update(text).digest();
  return [...digest.subarray(0, 8)].map((byte) => alphabet[byte % 32]).join("");
}
