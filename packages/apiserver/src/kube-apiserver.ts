/** An API server as a cluster runs it: authentication, authorization, admission and the kinds that need cluster state, from plain options. */

import { definitions, findDefinition, schemaSet } from "@kubets/api";
import type { Clock, Logger, Random } from "@kubets/apimachinery";
import type { Store } from "@kubets/storage";
import { buildAuthentication } from "./authentication/build.ts";
import { parseSigningKey, parseVerificationKeys } from "./authentication/service-account-keys.ts";
import { tokenFileAuthenticator } from "./authentication/token-file.ts";
import { rbacAuthorizer } from "./authorization/rbac.ts";
import { RbacIndex } from "./authorization/rbac-index.ts";
import { privilegedGroupAuthorizer, unionAuthorizer } from "./authorization/union.ts";
import type { ClusterCertificates } from "./certificates/cluster-certificates.ts";
import { StoreReader } from "./reader/object-reader.ts";
import { ApiServer } from "./server.ts";

export interface KubeApiServerOptions {
  readonly store: Store;
  readonly certificates: ClusterCertificates;
  readonly serviceCIDR: string;
  /** Without it nothing listens. */
  readonly listen?: { readonly bindAddress: string; readonly port: number };
  readonly advertiseAddress: string;
  /** The text of `--token-auth-file`, and its name for messages. */
  readonly tokenFile?: { readonly text: string; readonly path: string };
  readonly clusterDomain: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export async function createKubeApiServer(options: KubeApiServerOptions, signal: AbortSignal): Promise<ApiServer> {
  const { store, certificates, clock, random, logger, tokenFile, listen, clusterDomain } = options;
  const definitionOf = ({ group, version, plural }: { group: string; version: string; plural: string }) => {
    const definition = findDefinition(group, version, plural);
    if (definition === undefined) throw new Error(`no definition of ${plural}.${version}.${group}`);
    return definition;
  };
  const reader = new StoreReader(store, definitionOf, (err) => logger.error("A watch of the store broke", { err }));
  const issuer = `https://kubernetes.default.svc.${clusterDomain}`;
  const signingKey = parseSigningKey(certificates.serviceAccountKey.privateKey);
  const authentication = buildAuthentication({
    clock,
    reader,
    clientCA: certificates.ca.certificate,
    serviceAccounts: { issuers: [issuer], keys: parseVerificationKeys(certificates.serviceAccountKey.publicKey) },
    bootstrapTokens: true,
    ...(tokenFile === undefined
      ? {}
      : { tokenFile: tokenFileAuthenticator(tokenFile.text, tokenFile.path, (message) => logger.warn(message)) }),
  });
  void signingKey;
  const rbac = new RbacIndex();
  await rbac.follow(reader, signal);
  return new ApiServer({
    store,
    definitions: definitions(),
    schemas: schemaSet,
    authenticator: authentication.request,
    authorizer: unionAuthorizer([privilegedGroupAuthorizer, rbacAuthorizer(rbac)]),
    advertiseAddress: options.advertiseAddress,
    clock,
    random,
    logger,
    ...(listen === undefined
      ? {}
      : {
          listen: {
            ...listen,
            tls: {
              key: certificates.apiServer.key,
              cert: certificates.apiServer.certificate,
              clientCA: certificates.ca.certificate,
            },
          },
        }),
  });
}
