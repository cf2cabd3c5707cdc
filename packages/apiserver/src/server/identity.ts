/** Who is asking, and as whom: authentication, then impersonation. */

import type { RequestAudit } from "../audit/request-audit.ts";
import type { Authenticator, UserInfo } from "../authentication/authenticator.ts";
import { asksToImpersonate, Impersonation } from "../authentication/impersonation.ts";
import { rejected, withAuthenticatedGroup } from "../authentication/union.ts";
import type { Authorizer } from "../authorization/authorizer.ts";
import type { ServerRequest } from "../request/request.ts";
import type { RequestInfo } from "../request/request-info.ts";
import { attributesOf } from "./authorize.ts";

export interface Identity {
  /** As whom the request goes on. */
  readonly user: UserInfo;
  /** Set when someone acts as `user`: who it is, for the audit event, and the verb that allowed it ("" for the broad one). */
  readonly impersonation?: { readonly requestor: UserInfo; readonly constraint: string };
}

/** Where what is found on the way goes. */
export interface Notes {
  warn(text: string): void;
  annotate(key: string, value: string): void;
  /** Undefined when nothing is audited. */
  readonly audit: RequestAudit | undefined;
}

export class Identification {
  readonly #authenticator: Authenticator;
  readonly #impersonation: Impersonation;

  constructor(authenticator: Authenticator, authorizer: Authorizer) {
    this.#authenticator = authenticator;
    this.#impersonation = new Impersonation(authorizer);
  }

  /** @throws StatusError 401, 403, 400 */
  async identify(request: ServerRequest, info: RequestInfo, notes: Notes): Promise<Identity> {
    const { audit } = notes;
    const user = request.user ?? (await this.#authenticate(request, notes));
    if (audit !== undefined) await audit.authenticated(user, info);
    if (request.user !== undefined) return { user };
    if (!asksToImpersonate(request.headers)) return { user };
    const found = await this.#impersonation.impersonate(request, attributesOf(user, info, request.query));
    if (found === undefined) return { user };
    audit?.impersonated(found.user, found.constraint);
    return { user: found.user, impersonation: { requestor: user, constraint: found.constraint } };
  }

  async #authenticate(request: ServerRequest, { warn, annotate }: Notes): Promise<UserInfo> {
    const { headers, rawHeaders, peerCertificate, peerIntermediates, path } = request;
    const found = await this.#authenticator.authenticate({
      headers,
      ...(rawHeaders === undefined ? {} : { rawHeaders }),
      ...(peerCertificate === undefined ? {} : { peerCertificate }),
      ...(peerIntermediates === undefined ? {} : { peerIntermediates }),
      path,
      warn,
      annotate,
    });
    if (found === undefined) throw rejected("no credentials that anyone knows, and anonymous requests are not allowed");
    return withAuthenticatedGroup(found);
  }
}
