/** Several authenticators as one. */

import { type Logger, messageOf, StatusError } from "@kubets/apimachinery";
import type { Authenticator, UserInfo } from "./authenticator.ts";
import { allAuthenticated, allUnauthenticated, anonymousUser } from "./users.ts";

/** A 401 whose reason stays on the server: it is in `cause`, for the log. */
export function rejected(reason: string, cause?: unknown): StatusError {
  return new StatusError(401, "Unauthorized", "Unauthorized", { cause: new Error(reason, { cause }) });
}

/** One 401 for several failures: what each found is in its cause, as utilerrors.NewAggregate prints it. */
export function aggregateFailures(failures: readonly unknown[]): unknown {
  if (failures.length === 1) return failures[0];
  const other = failures.find((failure) => !(failure instanceof StatusError) || failure.code !== 401);
  if (other !== undefined) return other;
  const reasons = failures.map((failure) => messageOf((failure as Error).cause ?? failure));
  const distinct = [...new Set(reasons)];
  return rejected(distinct.length === 1 ? distinct[0]! : `[${distinct.join(", ")}]`);
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
      if (failures.length > 0) throw aggregateFailures(failures);
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

/**
 * Knows everyone. Comes last: who presents something bad is refused before it is asked.
 * @param paths the only ones that may be asked for without a name; all when empty
 */
export function anonymousAuthenticator(paths: readonly string[] = []): Authenticator {
  const user: UserInfo = { name: anonymousUser, groups: [allUnauthenticated] };
  if (paths.length === 0) return { authenticate: async () => user };
  const allowed = new Set(paths);
  return { authenticate: async ({ path }) => (path !== undefined && allowed.has(path) ? user : undefined) };
}

/** The first that knows the user wins; the first that finds something bad refuses. Why goes to the log, and nowhere else. */
export function failingUnionAuthenticator(authenticators: readonly Authenticator[], logger: Logger): Authenticator {
  return {
    async authenticate(credentials) {
      try {
        for (const authenticator of authenticators) {
          const user = await authenticator.authenticate(credentials);
          if (user !== undefined) return user;
        }
        return undefined;
      } catch (error) {
        const why = error instanceof Error && error.cause instanceof Error ? error.cause.message : messageOf(error);
        logger.info("Unable to authenticate the request", { err: why });
        throw error;
      }
    },
  };
}
