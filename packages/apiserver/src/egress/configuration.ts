/**
 * `--egress-selector-config-file`: an EgressSelectorConfiguration, which says through which proxy connections to the cluster, to the control plane and to
 * etcd go. Source: apiserver's pkg/server/egressselector/config.go.
 */

import { existsSync } from "node:fs";
import {
  duplicate,
  type FieldError,
  type FieldPath,
  invalidValue,
  notSupported,
  path,
  required,
} from "@kubets/apimachinery";
import { aggregate, decodeConfig, listOf, object, text } from "../configuration/config-object.ts";

export interface EgressConnection {
  readonly proxyProtocol?: string;
  readonly transport?: EgressTransport | null;
}

export interface EgressTransport {
  readonly tcp?: { readonly url?: string; readonly tlsConfig?: EgressTls | null } | null;
  readonly uds?: { readonly udsName?: string } | null;
}

/** Files, by their paths. */
export interface EgressTls {
  readonly caBundle?: string;
  readonly clientKey?: string;
  readonly clientCert?: string;
  readonly tlsServerName?: string;
}

interface EgressSelection {
  readonly name?: string;
  readonly connection?: EgressConnection;
}

const names = ["cluster", "controlplane", "etcd"] as const;
export type EgressName = (typeof names)[number];

const tls = object({ caBundle: text, clientKey: text, clientCert: text, tlsServerName: text });
const transport = object({ tcp: object({ url: text, tlsConfig: tls }), uds: object({ udsName: text }) });
const kind = {
  group: "apiserver.k8s.io",
  kind: "EgressSelectorConfiguration",
  versions: ["v1beta1", "v1alpha1"],
  fields: {
    egressSelections: listOf(object({ name: text, connection: object({ proxyProtocol: text, transport }) })),
  },
};

/** @throws Error in upstream's words */
export async function readEgressSelections(content: string): Promise<Map<EgressName, EgressConnection>> {
  let selections: readonly EgressSelection[];
  try {
    ({ egressSelections: selections = [] } = await decodeConfig<{ egressSelections?: EgressSelection[] }>(
      content,
      kind,
    ));
  } catch (cause) {
    throw new Error(`failed to read egress selector config: ${(cause as Error).message}`, { cause });
  }
  const found = selections.map(({ name = "", connection = {} }) => ({ name: canonical(name), connection }));
  const errors = [...found.flatMap(({ connection }) => connectionErrors(connection)), ...nameErrors(found)];
  if (errors.length > 0) throw new Error(`failed to validate egress selector configuration: ${aggregate(errors)}`);
  return new Map(found.map(({ name, connection }) => [name as EgressName, connection]));
}

/** The control plane's old name is still taken. */
function canonical(name: string): string {
  return name === "master" ? "controlplane" : name.toLowerCase();
}

const at = path("service").child("connection");

function nameErrors(selections: readonly { readonly name: string }[]): FieldError[] {
  const seen = new Set<string>();
  return selections.flatMap(({ name }, i) => {
    if (seen.has(name)) return [duplicate(at.index(i), name)];
    seen.add(name);
    return (names as readonly string[]).includes(name) ? [] : [notSupported(at, name, names)];
  });
}

function connectionErrors({ proxyProtocol = "", transport }: EgressConnection): FieldError[] {
  switch (proxyProtocol) {
    case "Direct":
      return transport
        ? [invalidValue(at.child("transport"), "direct", "config must be absent for direct connect")]
        : [];
    case "HTTPConnect":
      return transport
        ? httpConnectErrors(transport)
        : [required(at.child("transport"), "transport must be set for HTTPConnect")];
    case "GRPC":
      return transport ? grpcErrors(transport) : [required(at.child("transport"), "transport must be set for GRPC")];
    default:
      return [notSupported(at.child("protocol"), proxyProtocol, ["Direct", "HTTPConnect", "GRPC"])];
  }
}

function httpConnectErrors({ tcp, uds }: EgressTransport): FieldError[] {
  if (tcp && uds) return [invalidValue(at.child("tcp"), tcp, "TCP and UDS cannot both be set")];
  if (tcp) return tcpErrors(tcp);
  return uds ? udsErrors(uds) : [required(at.child("tcp"), "One of TCP or UDS must be set")];
}

function grpcErrors({ uds }: EgressTransport): FieldError[] {
  return uds ? udsErrors(uds) : [required(at.child("uds"), "UDS must be set with GRPC")];
}

function udsErrors({ udsName = "" }: NonNullable<EgressTransport["uds"]>): FieldError[] {
  return udsName === "" ? [invalidValue(at.child("udsName"), "nil", "must be present for UDS connections")] : [];
}

function tcpErrors({ url = "", tlsConfig }: NonNullable<EgressTransport["tcp"]>): FieldError[] {
  if (url.startsWith("https://")) return tlsErrors(tlsConfig);
  if (!url.startsWith("http://"))
    return [invalidValue(at.child("url"), url, "supported connection protocols are http:// and https://")];
  return tlsConfig ? [invalidValue(at.child("tlsConfig"), "nil", "config must not be present when using HTTP")] : [];
}

function tlsErrors(config: EgressTls | null | undefined): FieldError[] {
  const where = at.child("tlsConfig");
  if (!config) return [required(where, "TLSConfig must be present when using HTTPS")];
  const { caBundle = "", clientCert = "", clientKey = "" } = config;
  const missing = (field: FieldPath, file: string, what: string) =>
    existsSync(file) ? [] : [invalidValue(field, file, `TLS ${what} does not exist`)];
  const needed = (field: FieldPath, file: string, what: string, otherwise: string) =>
    file === "" ? [invalidValue(field, "nil", otherwise)] : missing(field, file, what);
  return [
    ...(caBundle === "" ? [] : missing(where.child("caBundle"), caBundle, "config ca bundle")),
    ...needed(where.child("clientCert"), clientCert, "client cert", "Using TLS requires clientCert"),
    ...needed(where.child("clientKey"), clientKey, "client key", "Using TLS requires requires clientKey"),
  ];
}
