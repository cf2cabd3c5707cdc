/** Who is who and may do what in a cluster: authentication and authorization, and the tokens that the server makes. */

import {
  type KubeAuthenticationOptions,
  type KubeIdentityOptions,
  kubeIdentity,
} from "../authentication/kube-identity.ts";
import { buildAuthorization } from "../authorization/build.ts";
import type { ApiServer } from "../server.ts";
import { apiServerIdentity } from "../services/default-objects.ts";
import type { Ground } from "./ground.ts";
import type { KubeApiServerOptions } from "./options.ts";

/** @throws Error for options or files that cannot be used */
export async function identityAndPermission({ options, reader, meters, server, signal }: Ground) {
  const { authorization = { modes: ["Node", "RBAC"] }, clock, random, logger } = options;
  const host = options.externalHostname ?? options.advertiseAddress;
  const [identity, permission] = await Promise.all([
    kubeIdentity(
      {
        ...options,
        authentication: withoutAnonymous(options, authorization),
        externalUrl: `https://${host}:${options.listen?.port || 6443}`,
        meters,
        patchSecret: secretPatcher(server),
      },
      reader,
      signal,
    ),
    buildAuthorization(
      {
        ...authorization,
        reader,
        clock,
        random,
        logger,
        meters,
        host: options.hostname,
        dial: options.egress?.controlplane,
      },
      signal,
    ),
  ]);
  return { ...identity, ...permission };
}

/** Whoever may do everything must at least say who they are, as upstream has it. */
function withoutAnonymous(
  { authentication = {}, logger }: KubeApiServerOptions,
  { modes, configFile }: NonNullable<KubeApiServerOptions["authorization"]>,
): KubeAuthenticationOptions {
  const allowsAll = modes?.includes("AlwaysAllow") ?? configFile === undefined;
  if (!allowsAll || authentication.anonymous === false) return authentication;
  logger.warn(
    "AnonymousAuth is not allowed with the AlwaysAllow authorizer. Resetting AnonymousAuth to false. You should use a different authorizer",
  );
  return { ...authentication, anonymous: false };
}

function secretPatcher(server: () => ApiServer): KubeIdentityOptions["patchSecret"] {
  const contentType = "application/merge-patch+json";
  return (namespace, name, body) => {
    const path = `/api/v1/namespaces/${namespace}/secrets/${name}`;
    return server().transport(apiServerIdentity).request({ method: "PATCH", path, query: {}, body, contentType });
  };
}
