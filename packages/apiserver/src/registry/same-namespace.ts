/** A body that says another namespace than the URL. Source: EnsureObjectNamespaceMatchesRequestNamespace in apiserver's registry/rest/meta.go. */

import { badRequest, type StatusError } from "@kubets/apimachinery";

/** What is answered then: a 400. */
export function otherNamespace(): StatusError {
  return badRequest("the namespace of the provided object does not match the namespace sent on the request");
}

/**
 * Where either says none, they agree.
 * @throws StatusError 400
 */
export function requireSameNamespace(given: string | undefined, requested: string): void {
  if (given && requested !== "" && given !== requested) throw otherNamespace();
}
