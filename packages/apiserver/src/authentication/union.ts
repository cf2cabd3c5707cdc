/** Several authenticators as one. */

import { StatusError } from "@kubets/apimachinery";
import type { Authenticator, UserInfo } from "./authenticator.ts";
import { allAuthenticated, allUnauthenticated, anonymousUser } from "./users.ts";

/** A 401 whose reason stays on the server: it is in `cause`, for the log. */
export function rejected(reason: string, cause?: unknown): StatusError {
  return new StatusError(401, "Unauthorized", "Unauthorized", { cause: new Error(reason, { cause }) });
}

/** The first that knows the user wins; what an earlier one found bad counts only when no later one knows the user. */
export function unionAuthenticator(authenticators: readonly Authenticator[]): Authenticator {
  return {
    async authenticate(credentials) {
      const failures: unknown[] = [];
      for (const authenticator of authenticators) {
        try {
          const user = await authenticator.authenticate(credentials);
          if (user !== undefined) return user;
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
      return undefined;
    },
  };
}

/** Puts every user that is found into `system:authenticated`. */
export function authenticatedGroup(inner: Authenticator): Authenticator {
  return {
    async authenticate(credentials) {
      const user = await inner.authenticate(credentials);
      return user === undefined ? undefined : withAuthenticatedGroup(user);
    },
  };
}

export function withAuthenticatedGroup(user: UserInfo): UserInfo {
  const isKnown = user.groups.some((group) => group === allAuthenticated || group === allUnauthenticated);
  return isKnown ? user : { ...user, groups: [...user.groups, allAuthenticated] };
}

/** Knows everyone. Comes last: who presents something bad is refused before it is asked. */
export function anonymousAuthenticator(): Authenticator {
  const user: UserInfo = { name: anonymousUser, groups: [allUnauthenticated] };
  return { authenticate: async () => user };
}

/** The first that knows the user wins; the first that finds something bad refuses. */
export function failingUnionAuthenticator(authenticators: readonly Authenticator[]): Authenticator {
  return {
    async authenticate(credentials) {
      for (const authenticator of authenticators) {
        const user = await authenticator.authenticate(credentials);
        if (user !== undefined) return user;
      }
      return undefined;
    },
  };
}
