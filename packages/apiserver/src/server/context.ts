/** What handlers are given: the server's parts, and the call. */

import type { Clock, KubeObject, Logger, Random } from "@kubets/apimachinery";
import type { Store } from "@kubets/storage";
import type { RequestAudit } from "../audit/index.ts";
import type { Authenticator, UserInfo } from "../authentication/authenticator.ts";
import type { Authorizer } from "../authorization/authorizer.ts";
import type { Egress } from "../egress/egress.ts";
import type { AdmissionChain } from "../registry/admission-chain.ts";
import type { WriteRequest } from "../registry/write-request.ts";
import { type Answer, header, type ServerRequest } from "../request/request.ts";
import type { RequestInfo } from "../request/request-info.ts";
import { managerOf, type WriteOptions } from "../request/write-options.ts";
import type { ByteRate } from "../streaming/throttle.ts";
import type { Identity } from "./identity.ts";
import type { ResourceTable, ServedResource } from "./resource-table.ts";

/** The parts of a server that outlive a request. */
export interface ServerContext {
  readonly resources: ResourceTable;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly admission: AdmissionChain;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  /** How long a watch lasts at least, and at most twice, if it does not say; 0 for as long as its client wants. */
  readonly minRequestTimeoutMs: number;
  /** Something is still to come that may answer for a path that nothing answers for. */
  awaitsPaths(): boolean;
  /** How nodes, pods and Services are reached where not directly. */
  readonly egress?: Egress | undefined;
  /** What each direction of an upgraded connection is held to; undefined for no limit. */
  readonly streamRate?: ByteRate | undefined;
}

/** One request on its way: who, what, and where warnings go. */
export interface Call {
  readonly server: ServerContext;
  readonly request: ServerRequest;
  readonly info: RequestInfo;
  readonly user: UserInfo;
  /** Who acts as `user`, when that is someone else. */
  readonly impersonation?: NonNullable<Identity["impersonation"]>;
  /** Undefined when nothing is audited. */
  readonly audit: RequestAudit | undefined;
  /** Collects Warning header texts; the same text once. */
  warn(text: string): void;
  /** Adds an audit annotation, such as `pod-security.kubernetes.io/enforce-policy`; the first value of a key stays. Does nothing when the request is not audited. */
  annotate(key: string, value: string): void;
}

/** A call about a resource that is served here. */
export interface ResourceCall extends Call {
  readonly resource: ServedResource;
}

/**
 * Answers requests to one named subresource: `pods/binding`, `pods/log`. Authorization is done; the verb is one the definition lists.
 * @throws StatusError
 */
export type SubresourceHandler = (call: ResourceCall) => Promise<Answer>;

/** Answers creates of a resource that is not stored: TokenReview. `object` is decoded, defaulted, private and mutable. */
export type VirtualHandler = (call: ResourceCall, object: KubeObject) => Promise<object>;

export function writeRequestOf(call: ResourceCall, options: WriteOptions, optionsKind: string): WriteRequest {
  const { info, user, request } = call;
  return {
    namespace: info.namespace === "" || !call.resource.definition.namespaced ? "" : info.namespace,
    name: info.name,
    subresource: info.subresource,
    user,
    dryRun: options.dryRun,
    manager: managerOf(options.fieldManager, header(request, "user-agent")),
    options: {
      kind: optionsKind,
      apiVersion: "meta.k8s.io/v1",
      ...(options.dryRun ? { dryRun: ["All"] } : {}),
      ...(options.fieldManager === "" ? {} : { fieldManager: options.fieldManager }),
      ...(request.query.has("fieldValidation") ? { fieldValidation: options.fieldValidation } : {}),
    },
    client: request,
    warn: call.warn,
    annotate: call.annotate,
  };
}
