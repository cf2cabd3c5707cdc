/** How large a request's body may be. */

import { StatusError } from "@kubets/apimachinery";

/** Upstream's limit of a request body. */
export const maxBodyBytes = 3 * 1024 * 1024;

/** The largest object, with its managedFields, in bytes of JSON: etcd's own limit of a request. Without it patches could make an object grow for ever. */
export const maxStoredBytes = 1.5 * 1024 * 1024;

export function bodyTooLarge(limitBytes: number): StatusError {
  return new StatusError(413, "RequestEntityTooLarge", `Request entity too large: limit is ${limitBytes}`);
}
