/** What the registry must know of a write besides the object. */

import type { KubeObject } from "@kubets/apimachinery";
import type { RequestEnd } from "../admission/plugin.ts";
import type { UserInfo } from "../authentication/authenticator.ts";

/** A create, update, patch or delete of one object: of which, by whom, and how. */
export interface WriteRequest {
  readonly namespace: string;
  /** "" for creates of the resource itself. */
  readonly name: string;
  readonly subresource: string;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  /** The field manager's name. */
  readonly manager: string;
  /** As admission sees it: CreateOptions, UpdateOptions (also of a patch), DeleteOptions. */
  readonly options: unknown;
  /** Whoever waits for the answer. */
  readonly client: RequestEnd;
  /** Adds a Warning header to the answer. */
  warn(text: string): void;
  /** Adds an audit annotation. */
  annotate(key: string, value: string): void;
}

/** Ends a reservation that a hook made: kept when the write was stored, given back when it was not; undefined: it is not known. Must not fail. */
export type Finish = (stored: boolean | undefined) => void | Promise<void>;

/**
 * What a kind does in the API server besides its strategy: things that need the cluster's state, such as Service addresses.
 * `object` is private and mutable; a hook may throw StatusError.
 */
export interface RegistryHooks {
  /** Before an object is validated: makes what validation needs and cannot wait for. Undefined when it is there. */
  makeReady?(): Promise<void> | undefined;
  beginCreate?(object: KubeObject, request: WriteRequest): Finish | undefined | Promise<Finish | undefined>;
  beginUpdate?(
    object: KubeObject,
    old: KubeObject,
    request: WriteRequest,
  ): Finish | undefined | Promise<Finish | undefined>;
  /** After the object has left the store. Must not fail. */
  afterDelete?(object: KubeObject): void | Promise<void>;
  /** Beyond finalizers: what else must be gone before an object that is being deleted leaves the store. */
  heldBack?(object: KubeObject): boolean;
  /** Replaces the usual answer to a delete that waits (Namespace's phase). Changes the private copy that is marked as being deleted. */
  markDeleting?(object: KubeObject): void;
}

export const noHooks: RegistryHooks = {};
