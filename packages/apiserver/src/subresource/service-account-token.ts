/** `serviceaccounts/NAME/token`: what `kubectl create token` and the kubelet ask for. */

import type { TokenRequest } from "@kubets/api";
import { badRequest } from "@kubets/apimachinery";
import type { ServiceAccountIssuer } from "../authentication/service-account-issuer.ts";
import { isJsonObject, readObjectBody } from "../request/body.ts";
import { value } from "../request/request.ts";
import { parseWriteOptions } from "../request/write-options.ts";
import type { SubresourceHandler } from "../server/context.ts";

export function serviceAccountToken(issuer: ServiceAccountIssuer): SubresourceHandler {
  return async ({ request, info, warn }) => {
    parseWriteOptions(request.query, "CreateOptions");
    const body = await readObjectBody(request);
    if (body === undefined || !isJsonObject(body.value)) {
      throw badRequest("the body of the request must be a TokenRequest");
    }
    const { kind } = body.value;
    if (kind !== undefined && kind !== "TokenRequest") throw badRequest(`${String(kind)} is not a TokenRequest`);
    const given = body.value as unknown as TokenRequest;
    return value(201, await issuer.createToken(info.namespace, info.name, given, warn));
  };
}
