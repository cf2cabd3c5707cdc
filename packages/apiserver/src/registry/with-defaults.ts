/** Defaults that a stored object lacks: one that another program wrote, or an older version of this one. */

import type { ResourceDefinition } from "@kubets/api";
import { clone, type SchemaSet } from "@kubets/apimachinery";
import { setZeroValues } from "../request/decode-object.ts";
import type { ServedObject } from "./served-object.ts";

/** `served`, in the version it is stored in, with all its defaults; made once. */
export function withDefaults(served: ServedObject, storedAs: ResourceDefinition, schemas: SchemaSet): ServedObject {
  return served.inVersion("with defaults", (object) => {
    const copy = clone(object);
    storedAs.strategy.setDefaults?.(copy);
    setZeroValues(copy, storedAs, schemas);
    return copy;
  });
}
