/** How large a request's body may be. */

import { StatusError } from "@kubets/apimachinery";

/** Upstream's limit of a request body. */
export const maxBodyBytes = 3 * 1024 * 1024;

export function bodyTooLarge(limitBytes: number): StatusError {
  return new StatusError(413, "RequestEntityTooLarge", `Request entity too large: limit is ${limitBytes}`);
}
