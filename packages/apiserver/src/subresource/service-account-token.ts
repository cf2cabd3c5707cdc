/** `serviceaccounts/NAME/token`: what `kubectl create token` and the kubelet ask for. Source: pkg/registry/core/serviceaccount/storage/token.go. */

import { schemaRef, type TokenRequest } from "@kubets/api";
import type { ServiceAccountIssuer } from "../authentication/service-account-issuer.ts";
import { readObjectBody } from "../request/body.ts";
import { decodeObject } from "../request/decode-object.ts";
import { value } from "../request/request.ts";
import { parseWriteOptions } from "../request/write-options.ts";
import type { ResourceCall, SubresourceHandler } from "../server/context.ts";

export function serviceAccountToken(issuer: ServiceAccountIssuer): SubresourceHandler {
  return async (call) => {
    const request = await readTokenRequest(call);
    await admit(call, request);
    const { info, warn, annotate } = call;
    return value(201, await issuer.createToken(info.namespace, info.name, request, warn, annotate));
  };
}

async function readTokenRequest({ request, resource, warn, audit }: ResourceCall): Promise<TokenRequest> {
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
  const object = decodeObject(await readObjectBody(request), { definition, schemas, fieldValidation, warn });
  audit?.requestObject(object);
  return object as TokenRequest;
}

/** NodeRestriction among others: a node gets tokens for its own pods only. */
async function admit(
  { info, resource, request, user, server, warn, annotate }: ResourceCall,
  object: TokenRequest,
): Promise<void> {
  const attributes = {
    operation: "CREATE" as const,
    definition: resource.definition,
    subresource: info.subresource,
    namespace: info.namespace,
    name: info.name,
    kind: { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest" },
    object,
    oldObject: undefined,
    options: { kind: "CreateOptions", apiVersion: "meta.k8s.io/v1" },
    user,
    dryRun: false,
    client: request,
    warn,
    annotate,
  };
  await server.admission.mutate(attributes);
  await server.admission.validate(attributes);
}
