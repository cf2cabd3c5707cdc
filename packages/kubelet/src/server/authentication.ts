/** Who calls the kubelet: a client certificate of the cluster's authority, or a bearer token that the API server vouches for. */

import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import { tokenReviews } from "@kubets/api";
import type { Clock } from "@kubets/apimachinery";
import type { Client } from "@kubets/client";
import { TtlCache } from "./ttl-cache.ts";

export interface Caller {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
}

export type Authenticate = (request: IncomingMessage) => Promise<Caller | undefined>;

export interface AuthenticationOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly anonymous: boolean;
  readonly webhook: boolean;
  readonly cacheTtlMs: number;
}

const anonymousCaller: Caller = { name: "system:anonymous", groups: ["system:unauthenticated"] };
const authenticated = "system:authenticated";

export function createAuthenticate(options: AuthenticationOptions): Authenticate {
  const cache = new TtlCache<Caller | undefined>(options.clock);
  return async (request) => {
    const byCertificate = certificateCaller(request.socket as TLSSocket);
    if (byCertificate !== undefined) return byCertificate;
    const [scheme = "", token = ""] = (request.headers.authorization ?? "").split(" ");
    if (scheme.toLowerCase() === "bearer" && token !== "") {
      if (!options.webhook) return undefined;
      return cache.get(token, options.cacheTtlMs, () => review(options.client, token));
    }
    return options.anonymous ? anonymousCaller : undefined;
  };
}

function certificateCaller(socket: TLSSocket): Caller | undefined {
  if (socket.authorized !== true) return undefined;
  const { subject } = socket.getPeerCertificate();
  const name = subject?.CN as string | string[] | undefined;
  if (name === undefined || name === "") return undefined;
  const organizations = (subject?.O ?? []) as string | string[];
  return {
    name: Array.isArray(name) ? name[0]! : name,
    groups: [...(Array.isArray(organizations) ? organizations : [organizations]), authenticated],
  };
}

async function review(client: Client, token: string): Promise<Caller | undefined> {
  const { status } = await client.resource(tokenReviews).create({
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenReview",
    spec: { token },
  });
  const user = status?.user;
  if (status?.authenticated !== true || user?.username === undefined) return undefined;
  return {
    name: user.username,
    groups: [...new Set([...(user.groups ?? []), authenticated])],
    ...(user.uid === undefined ? {} : { uid: user.uid }),
  };
}
