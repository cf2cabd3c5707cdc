/**
 * `Impersonate-*` headers. A requestor may hold the narrow permissions of constrained impersonation (`impersonate:user-info` and
 * `impersonate-on:user-info:list`, KEP-5284, on in v1.36) or the broad verb `impersonate`.
 * Source: apiserver's endpoints/filters/impersonation.
 */

import { badRequest, internalError, type StatusError } from "@kubets/apimachinery";
import type { AuthorizationAttributes, Authorizer } from "../authorization/authorizer.ts";
import { forbiddenStatus } from "../authorization/forbidden.ts";
import type { Credentials, UserInfo } from "./authenticator.ts";
import { extraHeaders, firstHeader, type HeaderSource, headerValues } from "./header-values.ts";
import { type ImpersonationMode, impersonationModes, nodeOf, type WantedUser } from "./impersonation-modes.ts";
import {
  allAuthenticated,
  allUnauthenticated,
  anonymousUser,
  nodesGroup,
  serviceAccountGroups,
  splitServiceAccountUsername,
} from "./users.ts";

const extraPrefix = "impersonate-extra-";
/** How many requestors' modes are remembered. */
const maxRemembered = 10_000;

export interface Impersonated {
  readonly user: UserInfo;
  /** The verb that allowed it, for the audit event; "" for the broad one. */
  readonly constraint: string;
}

/** Whether the request asks to act as someone else; cheap enough for every request. */
export function asksToImpersonate(headers: Credentials["headers"]): boolean {
  if (headers["impersonate-user"] || headers["impersonate-group"] || headers["impersonate-uid"]) return true;
  for (const name in headers) if (name.startsWith(extraPrefix)) return true;
  return false;
}

export class Impersonation {
  readonly #authorizer: Authorizer;
  readonly #modes: readonly ImpersonationMode[];
  /** Which mode a requestor used last: tried first. */
  readonly #lastMode = new Map<string, ImpersonationMode>();

  constructor(authorizer: Authorizer) {
    this.#authorizer = authorizer;
    this.#modes = impersonationModes;
  }

  /**
   * The user to go on as; undefined when nothing is asked.
   * @param attributes the request's, with the requestor as its user
   * @throws StatusError 403 when the requestor may not, 400 when the headers make no sense
   */
  async impersonate(source: HeaderSource, attributes: AuthorizationAttributes): Promise<Impersonated | undefined> {
    const wanted = wantedOf(source);
    if (wanted === undefined) return undefined;
    const requestor = attributes.user.name;
    const last = this.#lastMode.get(requestor);
    const modes = last === undefined ? this.#modes : [last, ...this.#modes.filter((mode) => mode !== last)];
    let refused: StatusError | undefined;
    for (const mode of modes) {
      if (!mode.concerns(wanted, attributes.user)) continue;
      const why = await this.#check(mode, wanted, attributes);
      if (why === undefined) {
        this.#remember(requestor, mode);
        return { user: impersonatedUser(wanted, mode), constraint: mode.isConstrained ? mode.verb : "" };
      }
      refused ??= why;
    }
    throw refused ?? internalError("all impersonation modes failed");
  }

  #remember(requestor: string, mode: ImpersonationMode): void {
    const [oldest] = this.#lastMode.keys();
    if (this.#lastMode.size >= maxRemembered && oldest !== undefined) this.#lastMode.delete(oldest);
    this.#lastMode.set(requestor, mode);
  }

  /** Why not; undefined when it is allowed. */
  async #check(
    mode: ImpersonationMode,
    wanted: WantedUser,
    attributes: AuthorizationAttributes,
  ): Promise<StatusError | undefined> {
    for (const step of mode.checks(wanted, attributes)) {
      if ("refused" in step) return forbiddenStatus(step.refused, step.why);
      // One permission for all of many, before each of them is asked for.
      if (step.instead !== undefined && (await this.#allows(step.instead)) === undefined) continue;
      for (const each of step.each) {
        const why = await this.#allows(each);
        if (why !== undefined) return why;
      }
    }
    return undefined;
  }

  async #allows(attributes: AuthorizationAttributes): Promise<StatusError | undefined> {
    const { decision, reason, error } = await this.#authorizer.authorize(attributes);
    if (decision === "Allow") return undefined;
    const why = error === undefined ? reason : reason === "" ? error : `${error}: ${reason}`;
    return forbiddenStatus(attributes, why);
  }
}

function wantedOf(source: HeaderSource): WantedUser | undefined {
  const name = firstHeader(source, "impersonate-user");
  const uid = firstHeader(source, "impersonate-uid");
  const groups = headerValues(source, "impersonate-group");
  const extra = extraHeaders(source, extraPrefix);
  if (name !== "") return { name, uid, groups, extra };
  if (uid === "" && groups.length === 0 && extra.size === 0) return undefined;
  throw badRequest(`requested ${goSyntax({ name, uid, groups, extra })} without impersonating a user name`);
}

/** As Go's %#v prints a user. */
function goSyntax({ name, uid, groups, extra }: WantedUser): string {
  const list = (values: readonly string[]) => `[]string{${values.map((value) => JSON.stringify(value)).join(", ")}}`;
  const entries = [...extra].map(([key, values]) => `${JSON.stringify(key)}:${list(values)}`);
  const parts = [
    `Name:${JSON.stringify(name)}`,
    `UID:${JSON.stringify(uid)}`,
    `Groups:${groups.length === 0 ? "[]string(nil)" : list(groups)}`,
    `Extra:map[string][]string${entries.length === 0 ? "(nil)" : `{${entries.join(", ")}}`}`,
  ];
  return `&user.DefaultInfo{${parts.join(", ")}}`;
}

function impersonatedUser(wanted: WantedUser, mode: ImpersonationMode): UserInfo {
  const { name, uid, extra } = wanted;
  return {
    name,
    ...(uid === "" ? {} : { uid }),
    groups: withSystemGroups(name, baseGroups(wanted, mode)),
    ...(extra.size === 0 ? {} : { extra: Object.fromEntries(extra) }),
  };
}

function baseGroups(wanted: WantedUser, mode: ImpersonationMode): readonly string[] {
  const { name, groups } = wanted;
  if (mode.isConstrained && nodeOf(wanted) !== undefined) return [nodesGroup];
  const account = splitServiceAccountUsername(name);
  return account !== undefined && groups.length === 0 ? serviceAccountGroups(account.namespace) : groups;
}

function withSystemGroups(name: string, groups: readonly string[]): string[] {
  if (groups.includes(allUnauthenticated)) return [...groups];
  const group = name === anonymousUser ? allUnauthenticated : allAuthenticated;
  return groups.includes(group) ? [...groups] : [...groups, group];
}
