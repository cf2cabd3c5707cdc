/** audit.k8s.io/v1 Event: what is recorded of a request at one stage, as JSON in upstream's order of fields, and as legacy text. */

import type { Status } from "@kubets/apimachinery";
import type { UserInfo } from "../authentication/authenticator.ts";
import { formatMicros } from "./micro-time.ts";
import type { Level, Stage } from "./policy.ts";

export interface ObjectReference {
  readonly resource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly uid?: string;
  readonly apiGroup?: string;
  readonly apiVersion?: string;
  readonly resourceVersion?: string;
  readonly subresource?: string;
}

export type EventStatus = Partial<Pick<Status, "status" | "message" | "reason" | "details" | "code">>;

export interface EventFields {
  readonly level: Level;
  readonly auditID: string;
  readonly stage: Stage;
  /** As the client sent it. */
  readonly requestURI: string;
  readonly verb: string;
  /** Who is authenticated; undefined when nobody is. */
  readonly user: UserInfo | undefined;
  readonly impersonatedUser?: UserInfo | undefined;
  /** The verb that allowed a constrained impersonation. */
  readonly impersonationConstraint?: string | undefined;
  readonly sourceIPs: readonly string[];
  readonly userAgent: string;
  readonly objectRef?: ObjectReference | undefined;
  readonly responseStatus?: EventStatus | undefined;
  /** JSON. */
  readonly requestObject?: string | undefined;
  /** JSON. */
  readonly responseObject?: string | undefined;
  /** Milliseconds since the epoch, with a fraction. */
  readonly receivedAt: number;
  readonly stageAt: number;
  readonly annotations?: ReadonlyMap<string, string> | undefined;
}

/** One event; it does not change. Its text is made once, for whichever backends want it. */
export class AuditEvent {
  readonly fields: EventFields;
  #json: string | undefined;

  constructor(fields: EventFields) {
    this.fields = fields;
  }

  /** Without kind and version, as an EventList has it. */
  get json(): string {
    this.#json ??= encode(this.fields);
    return this.#json;
  }

  /** A line of a log, with its end. */
  get line(): string {
    return `{"kind":"Event","apiVersion":"audit.k8s.io/v1",${this.json.slice(1)}\n`;
  }

  /** Of the whole Event, in bytes. */
  get size(): number {
    return Buffer.byteLength(this.line);
  }

  /** What is left of an event that is too large. */
  truncated(): AuditEvent {
    const annotations = new Map(this.fields.annotations).set("audit.k8s.io/truncated", "true");
    return new AuditEvent({ ...this.fields, requestObject: undefined, responseObject: undefined, annotations });
  }
}

function encode(event: EventFields): string {
  const { annotations } = event;
  const constraint = event.impersonationConstraint;
  let text = `{"level":"${event.level}","auditID":${quoted(event.auditID)},"stage":"${event.stage}"`;
  text += `,"requestURI":${quoted(event.requestURI)},"verb":${quoted(event.verb)},"user":${userJson(event.user)}`;
  if (event.impersonatedUser !== undefined) text += `,"impersonatedUser":${userJson(event.impersonatedUser)}`;
  if (constraint) text += `,"authenticationMetadata":{"impersonationConstraint":${quoted(constraint)}}`;
  if (event.sourceIPs.length > 0) text += `,"sourceIPs":${JSON.stringify(event.sourceIPs)}`;
  if (event.userAgent !== "") text += `,"userAgent":${quoted(event.userAgent)}`;
  if (event.objectRef !== undefined) text += `,"objectRef":${referenceJson(event.objectRef)}`;
  if (event.responseStatus !== undefined) text += `,"responseStatus":${statusJson(event.responseStatus)}`;
  if (event.requestObject !== undefined) text += `,"requestObject":${event.requestObject}`;
  if (event.responseObject !== undefined) text += `,"responseObject":${event.responseObject}`;
  text += `,"requestReceivedTimestamp":"${formatMicros(event.receivedAt)}"`;
  text += `,"stageTimestamp":"${formatMicros(event.stageAt)}"`;
  if (annotations !== undefined && annotations.size > 0) text += `,"annotations":${annotationsJson(annotations)}`;
  return asGo(`${text}}`);
}

const quoted = (text: string) => JSON.stringify(text);

const special = /[<>&\u2028\u2029]/;

/** Go's encoder writes these as escapes; they are only ever inside strings. */
function asGo(json: string): string {
  if (!special.test(json)) return json;
  return json.replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The same few users ask again and again, where they are kept. */
const users = new WeakMap<UserInfo, string>();

function userJson(user: UserInfo | undefined): string {
  if (user === undefined) return "{}";
  let json = users.get(user);
  if (json === undefined) {
    const { name, uid, groups, extra } = user;
    json = JSON.stringify({
      ...(name === "" ? {} : { username: name }),
      ...(uid ? { uid } : {}),
      ...(groups.length === 0 ? {} : { groups }),
      ...(extra === undefined || Object.keys(extra).length === 0 ? {} : { extra: sorted(extra) }),
    });
    users.set(user, json);
  }
  return json;
}

/** Go writes maps in the order of their keys. */
function sorted<T>(map: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function annotationsJson(annotations: ReadonlyMap<string, string>): string {
  const keys = [...annotations.keys()].sort();
  return `{${keys.map((key) => `${quoted(key)}:${quoted(annotations.get(key)!)}`).join(",")}}`;
}

const referenceOrder = [
  "resource",
  "namespace",
  "name",
  "uid",
  "apiGroup",
  "apiVersion",
  "resourceVersion",
  "subresource",
] as const;

function referenceJson(reference: ObjectReference): string {
  let text = "";
  for (const key of referenceOrder) {
    const value = reference[key];
    if (value) text += `${text === "" ? "" : ","}"${key}":${quoted(value)}`;
  }
  return `{${text}}`;
}

function statusJson({ status, message, reason, details, code }: EventStatus): string {
  let text = `{"metadata":{}`;
  if (status) text += `,"status":${quoted(status)}`;
  if (message) text += `,"message":${quoted(message)}`;
  if (reason) text += `,"reason":${quoted(reason)}`;
  if (details !== undefined) text += `,"details":${JSON.stringify(details)}`;
  return code ? `${text},"code":${code}}` : `${text}}`;
}

/** One line of text with the chief things, without its end: the legacy format. Source: apiserver's pkg/audit/format.go. */
export function legacyText({ fields }: AuditEvent): string {
  const { user, impersonatedUser: as, sourceIPs, objectRef, responseStatus } = fields;
  const name = user?.name || "<none>";
  const groups = user?.name && user.groups.length > 0 ? listText(user.groups) : "<none>";
  const time = formatMicros(fields.receivedAt).replace(/\.?0*Z$/, "Z");
  const entries: readonly (readonly [string, string])[] = [
    ["id", fields.auditID],
    ["stage", fields.stage],
    ["ip", sourceIPs[0] ?? "<unknown>"],
    ["method", fields.verb],
    ["user", name],
    ["groups", groups],
    ["as", as === undefined ? "<self>" : as.name],
    ["asgroups", as === undefined ? "<lookup>" : listText(as.groups)],
    ["user-agent", fields.userAgent],
    ["namespace", objectRef?.namespace || "<none>"],
    ["uri", fields.requestURI],
    ["response", responseStatus === undefined ? "<deferred>" : String(responseStatus.code ?? 0)],
  ];
  return `${time} AUDIT: ${entries.map(([key, value]) => `${key}=${quoted(value)}`).join(" ")}`;
}

function listText(texts: readonly string[]): string {
  return texts.map(quoted).join(",");
}
