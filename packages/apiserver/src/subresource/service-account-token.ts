/** `serviceaccounts/NAME/token`: what `kubectl create token` and the kubelet ask for. Source: pkg/registry/core/serviceaccount/storage/token.go. */

import { schemaRef, type TokenRequest } from "@kubets/api";
import type { ServiceAccountIssuer } from "../authentication/service-account-issuer.ts";
import { readObjectBody } from "../request/body.ts";
import { decodeObject } from "../request/decode-object.ts";
import { value } from "../request/request.ts";
import { parseWriteOptions } from "../request/write-options.ts";
import type { ResourceCall, SubresourceHandler } from "../server/context.ts";
import { admitCreate } from "./admit-create.ts";

export function serviceAccountToken(issuer: ServiceAccountIssuer): SubresourceHandler {
  return async (call) => {
    const request = await readTokenRequest(call);
    // NodeRestriction among others: a node gets tokens for its own pods only.
    await admitCreate(call, request, { kind, dryRun: false });
    const { info, warn, annotate } = call;
    return value(201, await issuer.createToken(info.namespace, info.name, request, warn, annotate));
  };
}

const kind = { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest" };

async function readTokenRequest({ request, resource, warn, audit }: ResourceCall): Promise<TokenRequest> {
  const { fieldValidation } = parseWriteOptions(request.query, "CreateOptions");
  const definition = { ...kind, schema: schemaRef("io.k8s.api.authentication.v1.TokenRequest") };
  const { schemas } = resource.registry;
  const body = await readObjectBody(request, kind.kind);
  const object = decodeObject(body, { definition, schemas, fieldValidation, warn });
  audit?.requestObject(object);
  return object as TokenRequest;
}
