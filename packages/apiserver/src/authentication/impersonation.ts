/** `Impersonate-*` headers. Source: apiserver's endpoints/filters/impersonation. */

import { badRequest, type StatusError } from "@kubets/apimachinery";
import type { AuthorizationAttributes, Authorizer } from "../authorization/authorizer.ts";
import { forbiddenStatus } from "../authorization/forbidden.ts";
import type { Credentials, UserInfo } from "./authenticator.ts";
import {
  allAuthenticated,
  allUnauthenticated,
  anonymousUser,
  serviceAccountGroups,
  splitServiceAccountUsername,
} from "./users.ts";

const extraPrefix = "impersonate-extra-";

type Headers = Credentials["headers"];

interface Wanted {
  readonly user: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** Whether the request asks to act as someone else; cheap enough for every request. */
export function asksToImpersonate(headers: Headers): boolean {
  if (headers["impersonate-user"] || headers["impersonate-group"] || headers["impersonate-uid"]) return true;
  return Object.keys(headers).some((name) => name.startsWith(extraPrefix));
}

/**
 * The user to go on as: `requestor` when nothing is asked.
 * @throws StatusError 403 when the requestor may not, 400 when the headers make no sense
 */
export async function impersonate(requestor: UserInfo, headers: Headers, authorizer: Authorizer): Promise<UserInfo> {
  if (!asksToImpersonate(headers)) return requestor;
  const wanted = wantedOf(headers);
  for (const attributes of checksFor(requestor, wanted)) {
    const { decision, reason } = await authorizer.authorize(attributes);
    if (decision !== "Allow") throw forbiddenStatus(attributes, reason);
  }
  return {
    name: wanted.user,
    ...(wanted.uid === "" ? {} : { uid: wanted.uid }),
    groups: groupsOf(wanted),
    ...(Object.keys(wanted.extra).length === 0 ? {} : { extra: wanted.extra }),
  };
}

function wantedOf(headers: Headers): Wanted {
  const user = [headers["impersonate-user"] ?? ""].flat()[0] ?? "";
  const uid = [headers["impersonate-uid"] ?? ""].flat()[0] ?? "";
  const groups = values(headers["impersonate-group"]).filter((group) => group !== "");
  const extra: Record<string, readonly string[]> = {};
  for (const [name, value] of Object.entries(headers))
    if (name.startsWith(extraPrefix)) extra[unescapeKey(name.slice(extraPrefix.length))] = values(value);
  if (user === "") throw noUser(groups, extra, uid);
  return { user, uid, groups, extra };
}

/** node:http joins a header that is repeated with a comma and a space. */
function values(value: string | readonly string[] | undefined): string[] {
  if (value === undefined) return [];
  return (typeof value === "string" ? value.split(", ") : [...value]).map((v) => v.trim());
}

function unescapeKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key; // Malformed escapes are kept as they came, as upstream does.
  }
}

function noUser(groups: readonly string[], extra: Wanted["extra"], uid: string): StatusError {
  const asked = [...groups.map((g) => `Group ${g}`), ...Object.keys(extra).map((k) => `UserExtra ${k}`)];
  if (uid !== "") asked.push(`UID ${uid}`);
  return badRequest(`requested [${asked.join(" ")}] without impersonating a user`);
}

function* checksFor(user: UserInfo, wanted: Wanted): Generator<AuthorizationAttributes> {
  const check = (rest: Partial<AuthorizationAttributes>): AuthorizationAttributes => ({
    user,
    verb: "impersonate",
    isResourceRequest: true,
    namespace: "",
    apiGroup: "",
    apiVersion: "v1",
    resource: "",
    subresource: "",
    name: "",
    path: "",
    ...rest,
  });
  const authentication = { apiGroup: "authentication.k8s.io", apiVersion: "v1" };
  const account = splitServiceAccountUsername(wanted.user);
  if (account === undefined) yield check({ resource: "users", name: wanted.user });
  else yield check({ resource: "serviceaccounts", ...account });
  for (const name of wanted.groups) yield check({ resource: "groups", name });
  for (const [subresource, names] of Object.entries(wanted.extra))
    for (const name of names) yield check({ ...authentication, resource: "userextras", subresource, name });
  if (wanted.uid !== "") yield check({ ...authentication, resource: "uids", name: wanted.uid });
}

function groupsOf({ user, groups }: Wanted): string[] {
  const account = splitServiceAccountUsername(user);
  const given = groups.length === 0 && account !== undefined ? serviceAccountGroups(account.namespace) : [...groups];
  if (user === anonymousUser) return given.includes(allUnauthenticated) ? given : [...given, allUnauthenticated];
  const isTold = given.includes(allAuthenticated) || given.includes(allUnauthenticated);
  return isTold ? given : [...given, allAuthenticated];
}
