/** The ways in which acting as another may be allowed, from the narrowest to the broadest, and what each asks the authorizer. */

import { nameIsDNSSubdomain } from "@kubets/apimachinery";
import type { AuthorizationAttributes } from "../authorization/authorizer.ts";
import { quoteList } from "../authorization/rules.ts";
import type { UserInfo } from "./authenticator.ts";
import { nodeNameKey, nodeUserPrefix, splitServiceAccountUsername, systemPrivilegedGroup } from "./users.ts";

export interface WantedUser {
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: ReadonlyMap<string, readonly string[]>;
}

/** A permission, or a refusal that needs no authorizer. */
export type ImpersonationStep =
  | { readonly each: readonly AuthorizationAttributes[]; readonly instead?: AuthorizationAttributes }
  | { readonly refused: AuthorizationAttributes; readonly why: string };

export interface ImpersonationMode {
  readonly verb: string;
  readonly isConstrained: boolean;
  concerns(wanted: WantedUser, requestor: UserInfo): boolean;
  checks(wanted: WantedUser, attributes: AuthorizationAttributes): Iterable<ImpersonationStep>;
}

/** From so many on, one permission for all is tried first. */
const many = 4;

export const impersonationModes: readonly ImpersonationMode[] = [
  constrained("associated-node", (wanted, requestor) => onlyNamed(wanted) && isOwnNode(wanted, requestor)),
  constrained("arbitrary-node", (wanted) => onlyNamed(wanted) && nodeOf(wanted) !== undefined),
  constrained("serviceaccount", (wanted) => onlyNamed(wanted) && accountOf(wanted) !== undefined),
  constrained("user-info", (wanted) => nodeOf(wanted) === undefined && accountOf(wanted) === undefined),
  {
    verb: "impersonate",
    isConstrained: false,
    concerns: () => true,
    *checks(wanted, { user }) {
      const ask = asking(user, "impersonate");
      yield { each: [accountCheck(ask, wanted) ?? ask("", "users", wanted.name)] };
      if (wanted.uid !== "") yield { each: [ask(authentication, "uids", wanted.uid)] };
      yield { each: wanted.groups.map((group) => ask("", "groups", group)) };
      yield { each: extraChecks(ask, wanted) };
    },
  },
];

const authentication = "authentication.k8s.io";

type Ask = (apiGroup: string, resource: string, name: string, subresource?: string) => AuthorizationAttributes;

function asking(user: UserInfo, verb: string): Ask {
  return (apiGroup, resource, name, subresource = "") => ({
    user,
    verb,
    isResourceRequest: true,
    namespace: "",
    apiGroup,
    apiVersion: "v1",
    resource,
    subresource,
    name,
    path: "",
  });
}

function accountCheck(ask: Ask, wanted: WantedUser, apiGroup = ""): AuthorizationAttributes | undefined {
  const account = accountOf(wanted);
  return account === undefined ? undefined : { ...ask(apiGroup, "serviceaccounts", account.name), ...account };
}

function extraChecks(ask: Ask, { extra }: WantedUser): AuthorizationAttributes[] {
  return [...extra].flatMap(([key, values]) => values.map((value) => ask(authentication, "userextras", value, key)));
}

function constrained(mode: string, concerns: (wanted: WantedUser, requestor: UserInfo) => boolean): ImpersonationMode {
  const verb = `impersonate:${mode}`;
  return {
    verb,
    isConstrained: true,
    concerns,
    *checks(wanted, attributes) {
      const user = mode === "associated-node" ? withoutExtra(attributes.user) : attributes.user;
      yield { each: [{ ...attributes, user, verb: `impersonate-on:${mode}:${attributes.verb}` }] };
      const ask = asking(user, verb);
      yield { each: [nameCheck(ask, mode, wanted)] };
      if (wanted.uid !== "") yield { each: [ask(authentication, "uids", wanted.uid)] };
      yield* groupSteps(ask, wanted.groups);
      yield* extraSteps(ask, wanted);
    },
  };
}

function nameCheck(ask: Ask, mode: string, wanted: WantedUser): AuthorizationAttributes {
  const node = nodeOf(wanted);
  // A service account is allowed its own node whichever that is.
  if (node !== undefined) return ask(authentication, "nodes", mode === "associated-node" ? "*" : node);
  return accountCheck(ask, wanted, authentication) ?? ask(authentication, "users", wanted.name);
}

function* groupSteps(ask: Ask, groups: readonly string[]): Generator<ImpersonationStep> {
  const check = (name: string) => ask(authentication, "groups", name);
  if (groups.includes("")) yield { refused: check(""), why: "impersonating the empty string group is not allowed" };
  else if (groups.includes(systemPrivilegedGroup)) {
    const why = "impersonating the system:masters group is not allowed";
    yield { refused: check(systemPrivilegedGroup), why };
  } else yield { each: groups.map(check), ...(groups.length < many ? {} : { instead: check("*") }) };
}

function* extraSteps(ask: Ask, wanted: WantedUser): Generator<ImpersonationStep> {
  for (const [key, values] of wanted.extra) {
    const why = flawOf(key, values);
    if (why !== undefined) yield { refused: ask(authentication, "userextras", ""), why };
  }
  const each = extraChecks(ask, wanted);
  const isLarge = wanted.extra.size >= many || each.length >= many;
  yield { each, ...(isLarge ? { instead: ask(authentication, "userextras", "*", "*") } : {}) };
}

function flawOf(key: string, values: readonly string[]): string | undefined {
  if (key === "") return "impersonating the empty string key in extra is not allowed";
  if (!isDomainPrefixedPath(key)) {
    const why = 'must be a domain-prefixed path (such as "acme.io/foo")';
    return `impersonating an invalid key in extra is not allowed: extra.key: Invalid value: ${quoteList([key]).slice(1, -1)}: ${why}`;
  }
  if (key !== key.toLowerCase())
    return `impersonating a non-lowercase key in extra is not allowed: ${JSON.stringify(key)}`;
  if (values.length === 0) return "impersonating empty values in extra is not allowed";
  if (values.includes("")) return "impersonating the empty string value in extra is not allowed";
  return undefined;
}

/** `acme.io/foo`. */
export function isDomainPrefixedPath(key: string): boolean {
  const slash = key.indexOf("/");
  if (slash <= 0 || slash === key.length - 1) return false;
  const path = key.slice(slash + 1);
  return nameIsDNSSubdomain(key.slice(0, slash), false).length === 0 && /^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/.test(path);
}

function onlyNamed({ uid, groups, extra }: WantedUser): boolean {
  return uid === "" && groups.length === 0 && extra.size === 0;
}

/** The node that a user name names; undefined for any other. */
export function nodeOf({ name }: WantedUser): string | undefined {
  if (!name.startsWith(nodeUserPrefix)) return undefined;
  const node = name.slice(nodeUserPrefix.length);
  return nameIsDNSSubdomain(node, false).length === 0 ? node : undefined;
}

function accountOf({ name }: WantedUser): { namespace: string; name: string } | undefined {
  return splitServiceAccountUsername(name);
}

function isOwnNode(wanted: WantedUser, requestor: UserInfo): boolean {
  if (splitServiceAccountUsername(requestor.name) === undefined) return false;
  const values = requestor.extra?.[nodeNameKey] ?? [];
  const node = nodeOf(wanted);
  return node !== undefined && values.length === 1 && values[0] === node;
}

/** The permission is for all nodes that the account's pods run on, so what tells them apart is left out. */
function withoutExtra(user: UserInfo): UserInfo {
  const keys = Object.keys(user.extra ?? {}).sort();
  return { ...user, extra: { "authentication.kubernetes.io/associated-node-keys": keys } };
}
