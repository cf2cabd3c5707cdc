/**
 * What is wrong with the flags, before anything is opened: upstream's checks, in its order and words. Sources: apiserver's pkg/server/options,
 * kubernetes' pkg/kubeapiserver/options, pkg/controlplane/apiserver/options and cmd/kube-apiserver/app/options.
 */

import { existsSync } from "node:fs";
import { isIP } from "node:net";
import { allDefinitions, parseRuntimeConfig, runtimeConfigProblems } from "@kubets/api";
import { messageOf } from "@kubets/apimachinery";
import { auditFlagProblems, authorizerTypes, enabledAdmissionPlugins, gateSettings } from "@kubets/apiserver";
import { cipherSuites, curvePreferences, tlsVersion } from "../lib/tls.ts";
import { admissionNames } from "./admission-names.ts";
import type { KubeApiServerFlags } from "./flags/index.ts";
import { metricProblems } from "./metric-flags.ts";
import { parseNamedCertificate } from "./named-certificate.ts";
import { serviceRangeProblems } from "./service-ranges.ts";
import { overridePattern } from "./store-overrides.ts";

export function problemsOf(flags: KubeApiServerFlags): string[] {
  // Upstream reads them before all else.
  const { problems } = gateSettings(flags["feature-gates"]);
  if (problems.length > 0) return [...problems];
  return [
    ...generic(flags),
    ...etcd(flags),
    ...fairness(flags),
    ...secureServing(flags),
    ...authentication(flags),
    ...authorization(flags),
    ...auditFlagProblems(flags),
    ...attempt(() => enabledAdmissionPlugins(...admissionNames(flags))),
    ...runtimeConfig(flags),
    ...metricProblems(flags),
    ...missing(flags, "egress-selector-config-file"),
    ...missing(flags, "tracing-config-file"),
    ...tokenRequests(flags),
    ...serviceRangeProblems(flags["service-cluster-ip-range"], flags["service-node-port-range"]),
    ...misc(flags),
  ];
}

/** What `check` throws. */
function attempt(check: () => unknown): string[] {
  try {
    check();
    return [];
  } catch (error) {
    return [messageOf(error)];
  }
}

const neverNegative = ["request-timeout", "storage-initialization-timeout", "shutdown-delay-duration"] as const;

function generic(flags: KubeApiServerFlags): string[] {
  const problems: string[] = [];
  if (flags["livez-grace-period"] < 0) problems.push("--livez-grace-period can not be a negative value");
  for (const name of neverNegative) if (flags[name] < 0) problems.push(`--${name} can not be negative value`);
  if (flags["shutdown-watch-termination-grace-period"] < 0)
    problems.push("shutdown-watch-termination-grace-period, if provided, can not be a negative value");
  const chance = flags["goaway-chance"];
  if (chance < 0 || chance > 0.02) problems.push("--goaway-chance can not be less than 0 or greater than 0.02");
  const address = flags["advertise-address"];
  if (address !== undefined && isIP(address) === 0)
    problems.push(`invalid argument ${JSON.stringify(address)} for "--advertise-address" flag: failed to parse IP`);
  for (const directive of flags["strict-transport-security-directives"]) {
    if (directive.trim() === "") problems.push("empty value in strict-transport-security-directives");
    else if (!/^(includeSubDomains|preload|max-age=[^=]*)$/.test(directive)) {
      problems.push(
        "--strict-transport-security-directives invalid, allowed values: max-age=expireTime, includeSubDomains, preload. see https://tools.ietf.org/html/rfc6797#section-6.1 for more information",
      );
    }
  }
  return [...problems, ...cors(flags["cors-allowed-origins"])];
}

/** A pattern that leaves the host open on one side would let others in whose names contain it: CVE-2022-1996. */
function cors(patterns: readonly string[]): string[] {
  return patterns.flatMap((pattern) => {
    if (pattern === "") return ["empty value in --cors-allowed-origins"];
    const invalid = "--cors-allowed-origins has an invalid regular expression";
    const pinned = /\^|\/\//.test(pattern) && /\$|:/.test(pattern);
    return pinned ? [] : [`${invalid}: regular expression does not pin to start/end of host in the origin header`];
  });
}

const serverPattern = /^https?:\/\/(\[[0-9a-fA-F:.]+\]|[^/:\s]+)(:\d+)?\/?$/;
const storageMediaTypes = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

function etcd(flags: KubeApiServerFlags): string[] {
  const problems: string[] = [];
  const servers = flags["etcd-servers"];
  const dataDir = flags["data-dir"];
  if (servers.length === 0 && dataDir === undefined)
    problems.push("--etcd-servers must be specified, or --data-dir to keep everything in a directory without etcd");
  if (servers.length > 0 && dataDir !== undefined)
    problems.push("--etcd-servers and --data-dir are two places to keep everything in; specify one");
  for (const server of servers)
    if (!serverPattern.test(server))
      problems.push(`--etcd-servers ${server}: want URLs such as https://10.0.0.1:2379, with commas between them`);
  problems.push(...pair(flags, "etcd-certfile", "etcd-keyfile"));
  if (!["", "etcd3"].includes(flags["storage-backend"]))
    problems.push("--storage-backend invalid, allowed values: etcd3. If not specified, it will default to 'etcd3'");
  const form = flags["storage-media-type"];
  if (!storageMediaTypes.includes(form))
    problems.push(
      `--storage-media-type ${JSON.stringify(form)} invalid, allowed values: ${storageMediaTypes.join(", ")}`,
    );
  const overrides = flags["etcd-servers-overrides"];
  for (const override of overrides)
    if (!overridePattern.test(override))
      problems.push(
        "--etcd-servers-overrides invalid, must be of format: group/resource#servers, where servers are URLs, semicolon separated",
      );
  if (overrides.length > 0 && dataDir !== undefined)
    problems.push("--etcd-servers-overrides needs --etcd-servers; with --data-dir everything is in one file");
  for (const server of overrides.flatMap((override) => overridePattern.exec(override)?.[3]?.split(";") ?? []))
    if (!serverPattern.test(server))
      problems.push(`--etcd-servers-overrides ${server}: want URLs such as https://10.0.0.1:2379`);
  if (flags["encryption-provider-config-automatic-reload"] && !flags["encryption-provider-config"])
    problems.push("--encryption-provider-config-automatic-reload must be set with --encryption-provider-config");
  if (flags["etcd-compaction-interval"] < 0) problems.push("--etcd-compaction-interval can not be negative value");
  return problems;
}

function pair(flags: KubeApiServerFlags, first: keyof KubeApiServerFlags, second: keyof KubeApiServerFlags): string[] {
  return (flags[first] === undefined) === (flags[second] === undefined)
    ? []
    : [`--${first} and --${second} should be specified together`];
}

function missing(flags: KubeApiServerFlags, name: "egress-selector-config-file" | "tracing-config-file"): string[] {
  const file = flags[name];
  return !file || existsSync(file) ? [] : [`${name} ${file} does not exist`];
}

function fairness(flags: KubeApiServerFlags): string[] {
  if (!flags["enable-priority-and-fairness"]) return [];
  if (flags["max-requests-inflight"] + flags["max-mutating-requests-inflight"] === 0)
    return [
      "invalid configuration: MaxRequestsInFlight=0 and MaxMutatingRequestsInFlight=0; they must add up to something positive",
    ];
  const said = flags["runtime-config"].join(",");
  for (const key of ["flowcontrol.apiserver.k8s.io/v1", "api/ga", "api/all"]) {
    if (said.includes(`${key}=false`))
      return [`--runtime-config=${key}=false conflicts with --enable-priority-and-fairness=true`];
    if (said.includes(`${key}=true`)) return [];
  }
  return [];
}

function secureServing(flags: KubeApiServerFlags): string[] {
  const port = flags["secure-port"];
  const version = flags["tls-min-version"];
  const bind = flags["bind-address"];
  return [
    ...(port >= 1 && port <= 65535
      ? []
      : [`--secure-port ${port} must be between 1 and 65535, inclusive. It cannot be turned off with 0`]),
    ...(isIP(bind) === 0
      ? [`invalid argument ${JSON.stringify(bind)} for "--bind-address" flag: failed to parse IP`]
      : []),
    ...pair(flags, "tls-cert-file", "tls-private-key-file"),
    ...attempt(() => version === "" || tlsVersion(version)),
    ...attempt(() => cipherSuites(flags["tls-cipher-suites"])),
    ...attempt(() => curvePreferences(flags["tls-curve-preferences"])),
    ...flags["tls-sni-cert-key"].flatMap((text) => attempt(() => parseNamedCertificate(text))),
  ];
}

function authentication(flags: KubeApiServerFlags): string[] {
  const problems: string[] = [];
  if (!flags["oidc-issuer-url"] !== !flags["oidc-client-id"])
    problems.push("oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set");
  const issuers = flags["service-account-issuer"];
  const seen = new Set<string>();
  for (const issuer of issuers) {
    if (issuer === "") problems.push("service-account-issuer should not be an empty string");
    else if (issuer.includes(":") && !URL.canParse(issuer))
      problems.push(`service-account-issuer ${JSON.stringify(issuer)} contained a ':' but was not a valid URL`);
    else if (seen.has(issuer)) problems.push(`service-account-issuer ${JSON.stringify(issuer)} is already specified`);
    seen.add(issuer);
  }
  if (issuers.length === 0) problems.push("service-account-issuer is a required flag");
  if (flags["service-account-key-file"].length === 0) problems.push("service-account-key-file is a required flag");
  const jwks = flags["service-account-jwks-uri"];
  if (jwks !== undefined && !URL.canParse(jwks)) problems.push(`service-account-jwks-uri must be a valid URL: ${jwks}`);
  else if (jwks !== undefined && !jwks.startsWith("https:"))
    problems.push(`service-account-jwks-uri requires https scheme, parsed as: ${jwks}`);
  for (const name of ["username-headers", "group-headers", "uid-headers", "extra-headers-prefix"] as const)
    if (flags[`requestheader-${name}`].some((header) => header.trim() === ""))
      problems.push(`empty value in "requestheader-${name}"`);
  const longest = flags["service-account-max-token-expiration"];
  if (longest !== 0 && (longest < 3_600_000 || longest > 2 ** 32 * 1000))
    problems.push("the service-account-max-token-expiration must be between 1 hour and 2^32 seconds");
  return problems;
}

function authorization(flags: KubeApiServerFlags): string[] {
  const modes = flags["authorization-mode"] ?? ["AlwaysAllow"];
  const webhook = flags["authorization-webhook-config-file"];
  if (flags["authorization-config"] !== undefined) {
    return flags["authorization-mode"] === undefined && webhook === undefined
      ? []
      : [
          "--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are defined",
        ];
  }
  const problems: string[] = [];
  if (modes.length === 0) problems.push("at least one authorization-mode must be passed");
  for (const mode of modes)
    if (!(authorizerTypes as readonly string[]).includes(mode))
      problems.push(`authorization-mode ${JSON.stringify(mode)} is not a valid mode`);
  const policy = flags["authorization-policy-file"];
  if (modes.includes("ABAC") && !policy)
    problems.push("authorization-mode ABAC's authorization policy file not passed");
  if (modes.includes("Webhook") && !webhook)
    problems.push("authorization-mode Webhook's authorization config file not passed");
  if (policy && !modes.includes("ABAC")) problems.push("cannot specify --authorization-policy-file without mode ABAC");
  if (webhook && !modes.includes("Webhook"))
    problems.push("cannot specify --authorization-webhook-config-file without mode Webhook");
  if (new Set(modes).size < modes.length)
    problems.push(`authorization-mode ${JSON.stringify(modes)} has mode specified more than once`);
  return problems;
}

function runtimeConfig(flags: KubeApiServerFlags): string[] {
  try {
    return runtimeConfigProblems(parseRuntimeConfig(flags["runtime-config"].join(",")), allDefinitions());
  } catch (error) {
    return [messageOf(error)];
  }
}

function tokenRequests(flags: KubeApiServerFlags): string[] {
  if (flags["service-account-signing-endpoint"] !== undefined)
    return [
      "--service-account-signing-endpoint is not there in kubets yet; specify --service-account-signing-key-file",
    ];
  const hasKey = flags["service-account-signing-key-file"] !== undefined;
  const hasIssuer = (flags["service-account-issuer"][0] ?? "") !== "";
  if (hasKey && hasIssuer) return [];
  return hasKey || hasIssuer || flags["api-audiences"].length > 0
    ? ["--service-account-signing-key-file, --service-account-issuer, and --api-audiences should be specified together"]
    : ["--service-account-signing-key-file and --service-account-issuer are required flags"];
}

const reconcilers = ["master-count", "lease", "none"];

function misc(flags: KubeApiServerFlags): string[] {
  const count = flags["apiserver-count"];
  const nodePort = flags["kubernetes-service-node-port"];
  const [low, high] = flags["service-node-port-range"].split("-").map(Number);
  const reconciler = flags["endpoint-reconciler-type"];
  return [
    ...(count > 0 ? [] : [`--apiserver-count should be a positive number, but value '${count}' provided`]),
    ...(nodePort <= 65535
      ? []
      : [
          `--kubernetes-service-node-port ${nodePort} must be between 0 and 65535, inclusive. If 0, the Kubernetes master service will be of type ClusterIP`,
        ]),
    ...(nodePort > 0 && (nodePort < (low ?? 0) || nodePort > (high ?? 65535))
      ? [`kubernetes service node port range ${low}-${high} doesn't contain ${nodePort}`]
      : []),
    ...(reconcilers.includes(reconciler)
      ? []
      : [`--endpoint-reconciler-type must be one of: ${JSON.stringify(reconcilers.join(", "))}`]),
    ...pair(flags, "kubelet-client-certificate", "kubelet-client-key"),
    ...pair(flags, "proxy-client-cert-file", "proxy-client-key-file"),
    ...(["text", "json"].includes(flags["logging-format"])
      ? []
      : [`format: Invalid value: ${JSON.stringify(flags["logging-format"])}: Unsupported log format`]),
  ];
}
