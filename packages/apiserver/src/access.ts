/**
 * Who may do what: authentication, authorization and admission of an API server, put together from plain options. What comes back are parts of
 * `ApiServerOptions`: spread it there.
 */

import type { Clock, Logger, Random } from "@kubets/apimachinery";
import { admissionPlugins } from "./admission/default-plugins.ts";
import type { AdmissionPlugin } from "./admission/plugin.ts";
import { ensureSystemPriorityClasses } from "./admission/system-priority-classes.ts";
import type { Authenticator } from "./authentication/authenticator.ts";
import { buildAuthentication } from "./authentication/build.ts";
import { openIdHandler, tokenRequestHandler, tokenReviewHandler } from "./authentication/handlers.ts";
import { ServiceAccountIssuer } from "./authentication/service-account-issuer.ts";
import { parseSigningKey, parseVerificationKeys } from "./authentication/service-account-keys.ts";
import { tokenFileAuthenticator } from "./authentication/token-file.ts";
import { apiServerUser, systemPrivilegedGroup } from "./authentication/users.ts";
import type { Authorizer } from "./authorization/authorizer.ts";
import { reconcileBootstrapPolicy } from "./authorization/bootstrap-policy/reconcile.ts";
import { transportWriter } from "./authorization/bootstrap-policy/transport-writer.ts";
import { EscalationCheck } from "./authorization/escalation.ts";
import { NodeAuthorizer } from "./authorization/node.ts";
import { NodeGraph } from "./authorization/node-graph.ts";
import { rbacAuthorizer } from "./authorization/rbac.ts";
import { RbacIndex } from "./authorization/rbac-index.ts";
import {
  alwaysAllowAuthorizer,
  alwaysDenyAuthorizer,
  privilegedGroupAuthorizer,
  unionAuthorizer,
} from "./authorization/union.ts";
import type { ObjectReader } from "./reader/object-reader.ts";
import type { NonResourceHandler } from "./server/chain.ts";
import type { SubresourceHandler, VirtualHandler } from "./server/context.ts";
import type { ApiServer } from "./server.ts";

export type AuthorizationMode = "Node" | "RBAC" | "AlwaysAllow" | "AlwaysDeny";

export interface AccessOptions {
  readonly reader: ObjectReader;
  /** PEM: `--client-ca-file`. */
  readonly clientCA: string;
  /** PEM: `--service-account-signing-key-file` and `--service-account-key-file`. */
  readonly serviceAccountKey: { readonly privateKey: string; readonly publicKey: string };
  /** `--service-account-issuer`: `https://kubernetes.default.svc.cluster.local`. */
  readonly issuer: string;
  /** Where others reach the server: `https://10.0.0.1:6443`. Asked when a document names it. */
  readonly externalUrl: () => string;
  /** The text of `--token-auth-file`, and its name for messages. */
  readonly tokenFile?: { readonly text: string; readonly path: string };
  /** `--anonymous-auth`. Default true. */
  readonly anonymous?: boolean;
  /** `--authorization-mode`. Default Node,RBAC. */
  readonly authorizationModes?: readonly AuthorizationMode[];
  /** `--enable-admission-plugins`. Default NodeRestriction. */
  readonly enableAdmission?: readonly string[];
  /** `--disable-admission-plugins` */
  readonly disableAdmission?: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export interface Access {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly admission: readonly AdmissionPlugin[];
  readonly virtual: Readonly<Record<string, VirtualHandler>>;
  readonly subresources: Readonly<Record<string, SubresourceHandler>>;
  readonly nonResource: readonly NonResourceHandler[];
  /** Makes tokens: for the controller of `kubernetes.io/service-account-token` secrets. */
  readonly issuer: ServiceAccountIssuer;
  /** Puts the default roles and priority classes in place. */
  readonly bootstrap: readonly ((server: Pick<ApiServer, "transport">) => Promise<void>)[];
}

/** Reads roles, bindings and pods once, then follows them until `signal` aborts. */
export async function buildAccess(options: AccessOptions, signal: AbortSignal): Promise<Access> {
  const { reader, clock, random } = options;
  const keys = parseVerificationKeys(options.serviceAccountKey.publicKey);
  const authentication = authenticationOf(options, keys);
  const issuer = new ServiceAccountIssuer({
    issuer: options.issuer,
    key: parseSigningKey(options.serviceAccountKey.privateKey),
    audiences: authentication.apiAudiences,
    reader,
    clock,
    random,
  });
  const rbac = new RbacIndex();
  const graph = new NodeGraph();
  const modes = options.authorizationModes ?? ["Node", "RBAC"];
  await Promise.all([rbac.follow(reader, signal), modes.includes("Node") ? graph.follow(reader, signal) : undefined]);
  const authorizer = unionAuthorizer([
    privilegedGroupAuthorizer,
    ...modes.map((mode) => authorizerOf(mode, rbac, graph)),
  ]);
  const { enableAdmission = ["NodeRestriction"], disableAdmission = [] } = options;
  const plugins = admissionPlugins({ reader, clock, random, enable: enableAdmission, disable: disableAdmission });
  const guardsRbac = modes.includes("RBAC") ? [new EscalationCheck(rbac, authorizer)] : [];
  return {
    authenticator: authentication.request,
    authorizer,
    admission: [...plugins, ...guardsRbac],
    virtual: { "authentication.k8s.io/tokenreviews": tokenReviewHandler(authentication) },
    subresources: { "/serviceaccounts/token": tokenRequestHandler(issuer) },
    nonResource: [openIdHandler(options.issuer, keys, options.externalUrl)],
    issuer,
    bootstrap: [
      async (server) => {
        const writer = transportWriter(server.transport({ name: apiServerUser, groups: [systemPrivilegedGroup] }));
        await Promise.all([reconcileBootstrapPolicy(writer), ensureSystemPriorityClasses(writer)]);
      },
    ],
  };
}

function authenticationOf(options: AccessOptions, keys: ReturnType<typeof parseVerificationKeys>) {
  const { clock, reader, clientCA, tokenFile, logger, anonymous = true } = options;
  const warn = (message: string) => logger.warn(message);
  return buildAuthentication({
    clock,
    reader,
    clientCA,
    anonymous,
    serviceAccounts: { issuers: [options.issuer], keys },
    bootstrapTokens: true,
    ...(tokenFile === undefined ? {} : { tokenFile: tokenFileAuthenticator(tokenFile.text, tokenFile.path, warn) }),
  });
}

function authorizerOf(mode: AuthorizationMode, rbac: RbacIndex, graph: NodeGraph): Authorizer {
  switch (mode) {
    case "Node":
      return new NodeAuthorizer(graph);
    case "RBAC":
      return rbacAuthorizer(rbac);
    case "AlwaysAllow":
      return alwaysAllowAuthorizer;
    case "AlwaysDeny":
      return alwaysDenyAuthorizer;
  }
}
