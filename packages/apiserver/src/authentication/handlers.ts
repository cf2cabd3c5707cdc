/** TokenReview, `serviceaccounts/NAME/token`, and the documents by which others verify tokens, as handlers of the request chain. */

import { schemaRef, type TokenRequest, type TokenReview } from "@kubets/api";
import { readObjectBody } from "../request/body.ts";
import { decodeObject } from "../request/decode-object.ts";
import { type Answer, text, value } from "../request/request.ts";
import { parseWriteOptions } from "../request/write-options.ts";
import type { NonResourceHandler } from "../server/chain.ts";
import type { ResourceCall, SubresourceHandler, VirtualHandler } from "../server/context.ts";
import type { Authentication } from "./build.ts";
import { discoveryDocument, jwksPath, keySet, openIdConfigurationPath } from "./oidc-discovery.ts";
import { reviewToken } from "./reviews.ts";
import type { ServiceAccountIssuer } from "./service-account-issuer.ts";
import type { VerificationKey } from "./service-account-keys.ts";

/** For `authentication.k8s.io/tokenreviews`. */
export function tokenReviewHandler({ token, apiAudiences }: Authentication): VirtualHandler {
  return (_call, object) => reviewToken(object as TokenReview, token, apiAudiences);
}

/** For `/serviceaccounts/token`. Admission sees the TokenRequest as the subresource's object. */
export function tokenRequestHandler(issuer: ServiceAccountIssuer): SubresourceHandler {
  return async (call) => {
    const request = await readTokenRequest(call);
    const { info, resource, user, server, warn } = call;
    const attributes = {
      operation: "CREATE" as const,
      definition: resource.definition,
      subresource: info.subresource,
      namespace: info.namespace,
      name: info.name,
      object: request,
      oldObject: undefined,
      options: { kind: "CreateOptions", apiVersion: "meta.k8s.io/v1" },
      user,
      dryRun: false,
      warn,
    };
    await server.admission.mutate(attributes);
    await server.admission.validate(attributes);
    return value(201, await issuer.createToken(info.namespace, info.name, request, warn));
  };
}

async function readTokenRequest({ request, resource, warn }: ResourceCall): Promise<TokenRequest> {
  const { fieldValidation } = parseWriteOptions(request.query, "CreateOptions");
  const definition = {
    ...resource.definition,
    group: "authentication.k8s.io",
    version: "v1",
    kind: "TokenRequest",
    schema: schemaRef("io.k8s.api.authentication.v1.TokenRequest"),
    strategy: {},
  };
  const { schemas } = resource.registry;
  const decoded = await readObjectBody(request);
  return decodeObject(decoded, { definition, schemas, fieldValidation, warn }) as TokenRequest;
}

/** @param externalUrl where others reach this server: `https://10.0.0.1:6443` */
export function openIdHandler(
  issuer: string,
  keys: readonly VerificationKey[],
  externalUrl: () => string,
): NonResourceHandler {
  return ({ info }): Answer | undefined => {
    if (info.verb !== "get") return undefined;
    switch (info.path) {
      case openIdConfigurationPath:
        return json("application/json", discoveryDocument(issuer, externalUrl() + jwksPath, keys));
      case jwksPath:
        return json("application/jwk-set+json", keySet(keys));
      default:
        return undefined;
    }
  };
}

function json(contentType: string, body: object): Answer {
  const answer = text(200, JSON.stringify(body), contentType);
  return { ...answer, headers: { "cache-control": "public, max-age=3600" } };
}
