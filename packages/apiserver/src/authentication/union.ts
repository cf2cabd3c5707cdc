/** Several authenticators as one. */

import { type Logger, messageOf, StatusError } from "@kubets/apimachinery";
import type { Authenticator, Credentials, UserInfo } from "./authenticator.ts";
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
    authenticate(credentials) {
      const failures: unknown[] = [];
      for (const [index, authenticator] of authenticators.entries()) {
        try {
          const user = authenticator.authenticate(credentials);
          if (user instanceof Promise) return finish(user, authenticators.slice(index + 1), credentials, failures);
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

/** From the first authenticator on that had to wait. */
async function finish(
  first: Promise<UserInfo | undefined>,
  rest: readonly Authenticator[],
  credentials: Credentials,
  failures: unknown[],
): Promise<UserInfo | undefined> {
  const waiting = [() => first, ...rest.map((authenticator) => () => authenticator.authenticate(credentials))];
  for (const wait of waiting) {
    try {
      const user = await wait();
      if (user !== undefined) return user;
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw aggregateFailures(failures);
  return undefined;
}

/** Puts every user that is found into `system:authenticated`. */
export function authenticatedGroup(inner: Authenticator): Authenticator {
  const grouped = (user: UserInfo | undefined) => (user === undefined ? undefined : withAuthenticatedGroup(user));
  return {
    authenticate(credentials) {
      const user = inner.authenticate(credentials);
      return user instanceof Promise ? user.then(grouped) : grouped(user);
    },
  };
}

/** Users are remembered by their authenticators; so is what is made of them. */
const members = new WeakMap<UserInfo, UserInfo>();

export function withAuthenticatedGroup(user: UserInfo): UserInfo {
  const known = members.get(user);
  if (known !== undefined) return known;
  const isTold = user.groups.some((group) => group === allAuthenticated || group === allUnauthenticated);
  const member = isTold ? user : { ...user, groups: [...user.groups, allAuthenticated] };
  members.set(user, member);
  return member;
}

/**
 * Knows everyone. Comes last: who presents something bad is refused before it is asked.
 * @param paths the only ones that may be asked for without a name; all when empty
 */
export function anonymousAuthenticator(paths: readonly string[] = []): Authenticator {
  const user: UserInfo = { name: anonymousUser, groups: [allUnauthenticated] };
  if (paths.length === 0) return { authenticate: () => user };
  const allowed = new Set(paths);
  return { authenticate: ({ path }) => (path !== undefined && allowed.has(path) ? user : undefined) };
}

/** The first that knows the user wins; the first that finds something bad refuses. Why goes to the log, and nowhere else. */
export function failingUnionAuthenticator(
  authenticators: readonly Authenticator[],
  logger: Logger,
): { authenticate(credentials: Credentials): Promise<UserInfo | undefined> } {
  return {
    async authenticate(credentials) {
      try {
        for (const authenticator of authenticators) {
          const found = authenticator.authenticate(credentials);
          const user = found instanceof Promise ? await found : found;
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
