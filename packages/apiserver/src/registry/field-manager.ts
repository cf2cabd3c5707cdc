/** managedFields as the registry keeps them; the algorithms are apimachinery's. */

import { clone, type KubeObject, StatusError } from "@kubets/apimachinery";
import type { Registry } from "./registry.ts";
import type { WriteRequest } from "./write-request.ts";

/** Records what `request` changed from `old` (undefined: a create) to `object`, in `object`. */
export function trackUpdate(
  _registry: Registry,
  object: KubeObject,
  old: KubeObject | undefined,
  _request: WriteRequest,
): void {
  if (old?.metadata?.managedFields !== undefined) object.metadata!.managedFields = clone(old.metadata.managedFields);
}

/** Server-side apply. */
export function applyFields(
  _registry: Registry,
  _old: KubeObject | undefined,
  _configuration: KubeObject,
  _request: WriteRequest,
  _force: boolean,
): KubeObject {
  throw new StatusError(415, "UnsupportedMediaType", "server-side apply is not wired");
}
