/**
 * `kube-system/extension-apiserver-authentication`: how an aggregated API server knows users, and the front proxy that names them.
 * Source: pkg/controlplane/controller/clusterauthenticationtrust.
 */

import { X509Certificate } from "node:crypto";
import type { ConfigMap } from "@kubets/api";
import { type Clock, deepEqual, isAlreadyExists, isConflict, isNotFound } from "@kubets/apimachinery";
import type { InProcessTransport } from "../server/in-process.ts";
import { keepRight } from "../services/keep-right.ts";
import type { IdentityHeaderNames } from "./identity-headers.ts";

export interface ClusterTrust extends IdentityHeaderNames {
  /** PEM: who signs users' certificates. */
  readonly clientCA?: string;
  /** PEM: who signs the front proxy's. */
  readonly requestHeaderCA?: string;
  /** Common names of front proxies; any when empty. */
  readonly allowedNames?: readonly string[];
}

const namespace = "kube-system";
const name = "extension-apiserver-authentication";
const collection = `/api/v1/namespaces/${namespace}/configmaps`;
const trustConfigMapPath = `${collection}/${name}`;
const maxConflicts = 5;
const slackMs = 5 * 60 * 1000;

/** Adds what this server trusts to what others have put there; expired certificates are dropped. */
export async function publishTrust(transport: InProcessTransport, trust: ClusterTrust, clock: Clock): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await publishOnce(transport, trust, clock);
    } catch (error) {
      // Another server of the cluster was faster.
      if (!(isConflict(error) || isAlreadyExists(error)) || attempt === maxConflicts) throw error;
    }
  }
}

async function publishOnce(transport: InProcessTransport, trust: ClusterTrust, clock: Clock): Promise<void> {
  const present = await read(transport);
  const data = combined(present?.data ?? {}, trust, clock.now());
  if (present !== undefined && deepEqual(present.data, data)) return;
  if (present === undefined) {
    const body = { kind: "ConfigMap", apiVersion: "v1", metadata: { namespace, name }, data };
    await transport.request({ method: "POST", path: collection, query: {}, body });
  } else {
    await transport.request({ method: "PUT", path: trustConfigMapPath, query: {}, body: { ...present, data } });
  }
}

async function read(transport: InProcessTransport): Promise<ConfigMap | undefined> {
  try {
    return (await transport.request({ method: "GET", path: trustConfigMapPath, query: {} })) as ConfigMap;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function combined(
  present: Readonly<Record<string, string>>,
  trust: ClusterTrust,
  nowMs: number,
): Record<string, string> {
  const list = (key: string, own: readonly string[] = []) =>
    JSON.stringify([...new Set([...listIn(present[key]), ...own])]);
  const clientCA = certificates([present["client-ca-file"], trust.clientCA], nowMs);
  const proxyCA = certificates([present["requestheader-client-ca-file"], trust.requestHeaderCA], nowMs);
  return {
    ...(clientCA === "" ? {} : { "client-ca-file": clientCA }),
    ...(proxyCA === ""
      ? {}
      : {
          "requestheader-allowed-names": list("requestheader-allowed-names", trust.allowedNames),
          "requestheader-client-ca-file": proxyCA,
          "requestheader-extra-headers-prefix": list("requestheader-extra-headers-prefix", trust.extraHeaderPrefixes),
          "requestheader-group-headers": list("requestheader-group-headers", trust.groupHeaders),
          "requestheader-uid-headers": list("requestheader-uid-headers", trust.uidHeaders),
          "requestheader-username-headers": list("requestheader-username-headers", trust.usernameHeaders),
        }),
  };
}

function listIn(text: string | undefined): string[] {
  if (!text) return [];
  const list: unknown = JSON.parse(text);
  return Array.isArray(list) ? list.map(String) : [];
}

/** Every certificate once. */
function certificates(bundles: readonly (string | undefined)[], nowMs: number): string {
  const found = bundles.flatMap(
    (bundle) => bundle?.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [],
  );
  const valid = found.filter((pem) => new X509Certificate(pem).validToDate.getTime() > nowMs - slackMs);
  return [...new Set(valid.map((pem) => `${pem}\n`))].join("");
}

/** Puts it right whenever someone changes it. Runs until `signal` aborts. */
export async function keepTrust(
  transport: InProcessTransport,
  trust: () => ClusterTrust,
  clock: Clock,
  onError: (error: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  const putRight = () => publishTrust(transport, trust(), clock);
  await keepRight({ transport, path: collection, name, clock, retryMs: 1000, putRight, onError }, signal);
}
