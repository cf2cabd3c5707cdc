/** A body that says another namespace, or name, than the URL. Source: EnsureObjectNamespaceMatchesRequestNamespace in apiserver's registry/rest/meta.go. */

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

/**
 * The name must be said, and be that of the URL. Source: checkName in apiserver's handlers/rest.go.
 * @throws StatusError 400
 */
export function requireSameName(given: string | undefined, requested: string): void {
  if (!given)
    throw badRequest(`the name of the object (${requested} based on URL) was undeterminable: name must be provided`);
  if (given !== requested)
    throw badRequest(`the name of the object (${given}) does not match the name on the URL (${requested})`);
}
