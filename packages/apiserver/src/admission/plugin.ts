/** Admission: the last say over a write, after authorization and decoding, before the registry stores it. */

import type { ResourceDefinition } from "@kubets/api";
import type { GroupVersionKind, KubeObject } from "@kubets/apimachinery";
import type { UserInfo } from "../authentication/authenticator.ts";

/** What is done to an object. A patch is an UPDATE, or a CREATE where it makes the object. */
export type AdmissionOperation = "CREATE" | "UPDATE" | "DELETE" | "CONNECT";

/** The other end of a request. Its signal is made when it is first asked for: only what has to wait asks. */
export interface RequestEnd {
  readonly signal: AbortSignal;
}

/** One request as admission sees it: the object before and after, who asks, and where to remark on it. */
export interface AdmissionAttributes {
  readonly operation: AdmissionOperation;
  readonly definition: ResourceDefinition;
  /** "" for the resource itself. */
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** The new object: private and mutable in `mutate`, to be left alone in `validate`. Undefined for DELETE. */
  readonly object: KubeObject | undefined;
  /** What `object` is, where a subresource has a kind of its own: a Scale, a Binding, PodExecOptions. Undefined when it is the definition's. */
  readonly kind?: GroupVersionKind;
  /** Shared and frozen. Undefined for CREATE and CONNECT. */
  readonly oldObject: KubeObject | undefined;
  /** CreateOptions, UpdateOptions, DeleteOptions, or for CONNECT the connect options. */
  readonly options: unknown;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  /** Whoever waits for the answer. */
  readonly client: RequestEnd;
  /** Adds a Warning header to the answer. */
  warn(text: string): void;
  /** Adds an annotation to the request's audit event, under the key as it is to appear; the first value of a key stays. Does nothing when the request is not audited. */
  annotate(key: string, value: string): void;
}

/** The kind of the request's object, were the resource `as`. */
export function kindOf({ kind }: Pick<AdmissionAttributes, "kind">, as: ResourceDefinition): GroupVersionKind {
  return kind ?? { group: as.group, version: as.version, kind: as.kind };
}

/** What a mutating pass over the plugins tells each of them. Source: apiserver's admission.ReinvocationContext. */
export interface MutationPass {
  /** This is the second pass. */
  readonly isReinvocation: boolean;
  /** Asks for a second pass over all mutating plugins, because a plugin changed the object after others had seen it. */
  requestReinvocation(): void;
  /** What a plugin keeps from the first pass to the second, by its name. */
  readonly memory: Map<string, unknown>;
}

/** @throws StatusError to refuse, usually 403 Forbidden as upstream words it. */
export interface AdmissionPlugin {
  /** Upstream's name, as `--enable-admission-plugins` takes it. */
  readonly name: string;
  /**
   * Whether it could have anything to say about such requests: asked once for each definition, operation and subresource, and remembered. A plugin
   * without it, or one whose answer could change, is asked about every request that it `handles`.
   */
  concerns?(definition: ResourceDefinition, operation: AdmissionOperation, subresource: string): boolean;
  handles(operation: AdmissionOperation): boolean;
  /** A plugin that need not wait returns undefined, not a promise. */
  mutate?(attributes: AdmissionAttributes, pass: MutationPass): Promise<void> | void;
  validate?(attributes: AdmissionAttributes): Promise<void> | void;
}
