/** How objects of a kind whose schema and versions come and go at run time are read from and written to the store: custom resources. */

import type { KubeObject, OtherVersion } from "@kubets/apimachinery";
import type { ServedObject } from "./served-object.ts";

export interface StoredForm {
  /**
   * What is stored, in the version that is served and as its schema has it; made once for each revision.
   * @throws Error when that takes a call that {@link prepare} has not made
   */
  read(stored: ServedObject): ServedObject;
  /**
   * Makes all of `stored` readable, in one call where a call is needed; undefined when none is.
   * @throws StatusError 500 when the conversion fails
   */
  prepare(stored: readonly ServedObject[]): Promise<void> | undefined;
  /** A served object in the version that is stored. */
  toStored(object: KubeObject): KubeObject | Promise<KubeObject>;
  /** Another version, for who owns what in it; undefined for one that there is no more. */
  otherVersion(apiVersion: string): OtherVersion | undefined;
  /** Stored as it would be now; if not, a write that changes nothing else still stores it anew, as storage migration needs it. */
  isCurrent(stored: ServedObject): boolean;
  /** What was just stored is as the schema has it: it need not be looked at when it is read. */
  written(stored: ServedObject): void;
}
