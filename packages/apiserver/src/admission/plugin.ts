/** Admission: the last say over a write, after authorization and decoding, before the registry stores it. */

import type { ResourceDefinition } from "@kubets/api";
import type { KubeObject } from "@kubets/apimachinery";
import type { UserInfo } from "../authentication/authenticator.ts";

export type AdmissionOperation = "CREATE" | "UPDATE" | "DELETE" | "CONNECT";

export interface AdmissionAttributes {
  readonly operation: AdmissionOperation;
  readonly definition: ResourceDefinition;
  /** "" for the resource itself. */
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** The new object: private and mutable in `mutate`, to be left alone in `validate`. Undefined for DELETE. */
  readonly object: KubeObject | undefined;
  /** Shared and frozen. Undefined for CREATE and CONNECT. */
  readonly oldObject: KubeObject | undefined;
  /** CreateOptions, UpdateOptions, DeleteOptions, or for CONNECT the connect options. */
  readonly options: unknown;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  /** Adds a Warning header to the answer. */
  warn(text: string): void;
}

/** @throws StatusError to refuse, usually 403 Forbidden as upstream words it. */
export interface AdmissionPlugin {
  /** Upstream's name, as `--enable-admission-plugins` takes it. */
  readonly name: string;
  handles(operation: AdmissionOperation): boolean;
  mutate?(attributes: AdmissionAttributes): Promise<void> | void;
  validate?(attributes: AdmissionAttributes): Promise<void> | void;
}
