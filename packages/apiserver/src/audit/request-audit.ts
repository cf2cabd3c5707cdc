/** What is recorded of one request, from its arrival to the end of its answer. Source: apiserver's pkg/audit and pkg/endpoints/filters/audit.go. */

import { internalError, type KubeObject, messageOf, type Status, writeJson } from "@kubets/apimachinery";
import type { UserInfo } from "../authentication/authenticator.ts";
import { type Answer, type Content, header, internalServerError, type ServerRequest } from "../request/request.ts";
import type { RequestInfo } from "../request/request-info.ts";
import { isLongRunning } from "../server/in-flight.ts";
import { listValue } from "../server/render.ts";
import type { WatchSink } from "../watch/watch-request.ts";
import type { AuditBackend } from "./backend.ts";
import type { Decision, PolicyEvaluator } from "./evaluator.ts";
import { AuditEvent, type EventStatus, type ObjectReference } from "./event.ts";
import type { AuditMetrics } from "./metrics.ts";
import type { MicroClock } from "./micro-time.ts";
import type { Stage } from "./policy.ts";
import { sourceIps } from "./source-ips.ts";

/** What the records of all requests have in common. */
export interface AuditSystem {
  readonly evaluator: PolicyEvaluator;
  readonly backend: AuditBackend;
  readonly metrics: AuditMetrics;
  readonly clock: MicroClock;
}

const maxUserAgent = 1024;
/** What a mutating webhook changed is part of the request's body. */
const patchPrefix = "patch.webhook.admission.k8s.io/";

export class RequestAudit {
  /** The client's Audit-ID, or a new one. */
  readonly id: string;
  readonly #system: AuditSystem;
  readonly #request: ServerRequest;
  readonly #receivedAt: number;
  /** Undefined until it is known who asks. */
  #decision: Decision | undefined;
  #info: RequestInfo | undefined;
  #user: UserInfo | undefined;
  #impersonated: { readonly user: UserInfo; readonly constraint: string } | undefined;
  #sourceIps: readonly string[] = [];
  #userAgent = "";
  #requestUri = "";
  #objectRef: ObjectReference | undefined;
  #requestObject: string | undefined;
  #responseObject: string | undefined;
  #responseStatus: EventStatus | undefined;
  #annotations: Map<string, string> | undefined;
  #panic: string | undefined;
  #rejected = false;

  constructor(system: AuditSystem, request: ServerRequest, id: string) {
    this.#system = system;
    this.#request = request;
    this.id = id;
    this.#receivedAt = system.clock.now();
  }

  /**
   * It is known who asks; the policy decides, and the first event is made.
   * @returns a promise when there is something to wait for
   * @throws StatusError 500 (also by the promise) when the request must be recorded and cannot be
   */
  authenticated(user: UserInfo, info: RequestInfo): void | Promise<void> {
    if (!this.#decide(user, info)) return;
    const recorded = this.#emit("RequestReceived");
    if (recorded === true) return;
    if (recorded === false) this.#reject();
    return recorded.then((done) => {
      if (!done) this.#reject();
    });
  }

  /** Someone acts as `user`. @param constraint the verb that allowed it; "" for the broad one */
  impersonated(user: UserInfo, constraint: string): void {
    this.#impersonated = { user, constraint };
  }

  /** The first value of a key stays. */
  readonly annotate = (key: string, value: string): void => {
    if (this.#decision?.level === "None") return;
    if (this.#decision?.level === "Metadata" && key.startsWith(patchPrefix)) return;
    this.#annotations ??= new Map();
    if (!this.#annotations.has(key)) this.#annotations.set(key, value);
  };

  /** The request's body, decoded. It may be changed afterwards. */
  requestObject(object: KubeObject): void {
    if (!this.#enabled) return;
    this.#refine(object);
    if (this.#recordsRequest) this.#requestObject = writeJson(this.#trimmed(object));
  }

  /** The request's body where that is a patch, or options. */
  requestValue(value: unknown): void {
    if (this.#recordsRequest) this.#requestObject = writeJson(value);
  }

  /** Something was thrown that no client is to blame for: upstream would have panicked. */
  panicked(error: unknown): void {
    this.#panic = messageOf(error);
  }

  /** The answer, with the request's id, once what is to be recorded before it goes out is recorded. */
  finish(given: Answer, info: RequestInfo | undefined): Answer | Promise<Answer> {
    const answer = this.#withId(this.#rejected ? this.#rejection() : given);
    if (this.#rejected || info === undefined) return answer;
    if (this.#decision === undefined) return this.#unauthenticated(answer, info);
    if (!this.#enabled) return answer;
    this.#setResponse(answer);
    if (this.#panic !== undefined) return this.#after(this.#emit("Panic"), answer);
    if (!isLongRunning(info)) return this.#after(this.#emit("ResponseComplete"), answer);
    const started = this.#emit("ResponseStarted");
    return this.#after(started, this.#completing(answer));
  }

  get #enabled(): boolean {
    return this.#decision !== undefined && this.#decision.level !== "None";
  }

  get #recordsRequest(): boolean {
    return this.#decision?.level === "Request" || this.#decision?.level === "RequestResponse";
  }

  /** @returns whether there is anything to record */
  #decide(user: UserInfo | undefined, info: RequestInfo): boolean {
    const { evaluator, metrics } = this.#system;
    const decision = evaluator.evaluate(user, info);
    metrics.countLevel(decision.level);
    this.#decision = decision;
    if (decision.level === "None") return false;
    const request = this.#request;
    this.#info = info;
    this.#user = user;
    this.#sourceIps = sourceIps(request);
    const agent = header(request, "user-agent") ?? "";
    this.#userAgent = agent.length > maxUserAgent ? `${agent.slice(0, maxUserAgent)}...TRUNCATED` : agent;
    this.#requestUri = uriOf(request);
    if (info.isResourceRequest) this.#objectRef = info;
    if (decision.level === "Metadata" && this.#annotations !== undefined)
      for (const key of this.#annotations.keys()) if (key.startsWith(patchPrefix)) this.#annotations.delete(key);
    return true;
  }

  #emit(stage: Stage): boolean | Promise<boolean> {
    const { clock, backend, metrics } = this.#system;
    const { level, omitStages } = this.#decision!;
    if (omitStages.has(stage)) return true;
    metrics.countEvent();
    const event = new AuditEvent({
      level,
      auditID: this.id,
      stage,
      requestURI: this.#requestUri,
      verb: this.#info!.verb,
      user: this.#user,
      impersonatedUser: this.#impersonated?.user,
      impersonationConstraint: this.#impersonated?.constraint,
      sourceIPs: this.#sourceIps,
      userAgent: this.#userAgent,
      objectRef: this.#objectRef,
      responseStatus: this.#responseStatus,
      requestObject: this.#requestObject,
      responseObject: this.#responseObject,
      receivedAt: this.#receivedAt,
      stageAt: stage === "RequestReceived" ? this.#receivedAt : clock.now(),
      // A later stage may have more of them.
      annotations: this.#annotations === undefined ? undefined : new Map(this.#annotations),
    });
    return backend.process([event]);
  }

  #reject(): never {
    this.#rejected = true;
    this.#system.metrics.countRejected();
    throw internalError(new Error("failed to store audit event"));
  }

  #rejection(): Answer {
    return internalServerError(this.#requestUri, "failed to store audit event");
  }

  #withId(answer: Answer): Answer {
    return { ...answer, headers: { "audit-id": this.id, ...answer.headers } };
  }

  /** Of a request that nobody made there is one event, and it is not waited for that it began. */
  #unauthenticated(answer: Answer, info: RequestInfo): Answer | Promise<Answer> {
    if (answer.status !== 401 || !this.#decide(undefined, info)) return answer;
    this.#setResponse(answer);
    return this.#after(this.#emit("ResponseStarted"), answer);
  }

  #after(recorded: boolean | Promise<boolean>, answer: Answer): Answer | Promise<Answer> {
    return typeof recorded === "boolean" ? answer : recorded.then(() => answer);
  }

  /** What of the object the URL does not say. */
  #refine({ metadata }: KubeObject): void {
    const { namespace, name, uid, resourceVersion } = metadata ?? {};
    const known = this.#objectRef;
    const { resource, subresource, apiGroup, apiVersion } = known ?? {};
    this.#objectRef = {
      ...(resource === undefined ? {} : { resource }),
      ...(subresource === undefined ? {} : { subresource }),
      ...(apiGroup === undefined ? {} : { apiGroup }),
      ...(apiVersion === undefined ? {} : { apiVersion }),
      namespace: known?.namespace || textOf(namespace),
      name: known?.name || textOf(name),
      uid: textOf(uid),
      resourceVersion: textOf(resourceVersion),
    };
  }

  #setResponse({ status: code, content }: Answer): void {
    const status = content.type === "value" && isStatus(content.value) ? content.value : undefined;
    this.#responseStatus = this.#panic === undefined ? statusOf(status, code) : panicStatus(this.#panic);
    if (this.#decision!.level === "RequestResponse") this.#responseObject = this.#responseJson(content);
  }

  #responseJson(content: Content): string | undefined {
    if (content.type === "value") return writeJson(this.#trimmed(content.value as KubeObject));
    const omit = this.#decision!.omitManagedFields;
    if (content.type === "object") {
      return omit ? writeJson(this.#trimmed(content.served.object)) : Buffer.from(content.served.bytes).toString();
    }
    if (content.type !== "list") return undefined;
    const list = listValue(content.definition, content.items, content.metadata) as KubeObject & {
      items: readonly KubeObject[];
    };
    return writeJson(omit ? { ...list, items: list.items.map((item) => this.#trimmed(item)) } : list);
  }

  /** Without its managed fields, where the policy says so. */
  #trimmed(object: KubeObject): KubeObject {
    if (!this.#decision!.omitManagedFields || object.metadata?.managedFields === undefined) return object;
    const { managedFields: _, ...metadata } = object.metadata;
    return { ...object, metadata };
  }

  /** The last event comes when the answer ends, or whoever wanted it is gone. */
  #completing(answer: Answer): Answer {
    const { content } = answer;
    let ended = false;
    const done = () => {
      if (ended) return;
      ended = true;
      void this.#emit("ResponseComplete");
    };
    const { user, signal } = this.#request;
    const isOpen = content.type === "watch" || content.type === "stream" || content.type === "hijacked";
    // The signal of a caller in this process may be that of many requests.
    if (isOpen && user === undefined) signal.addEventListener("abort", done, { once: true });
    if (isOpen && signal.aborted) done();
    if (content.type === "watch") {
      const { watch } = content;
      const start = (sink: WatchSink, aborted: AbortSignal) => watch.start(endingWith(done, sink), aborted);
      return { ...answer, content: { ...content, watch: { start } } };
    }
    if (!isOpen || user !== undefined) done();
    return answer;
  }
}

function endingWith(done: () => void, sink: WatchSink): WatchSink {
  return {
    deliver: (deliveries) => sink.deliver(deliveries),
    drained: () => sink.drained?.(),
    end: () => {
      done();
      sink.end();
    },
  };
}

function uriOf({ url, path, query }: ServerRequest): string {
  if (url !== undefined) return url;
  return query.size === 0 ? path : `${path}?${query}`;
}

/** Bodies are what clients make of them. */
function isStatus(value: object): value is Status {
  return (value as Partial<Status>).kind === "Status";
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function statusOf(status: Status | undefined, code: number): EventStatus {
  if (status === undefined) return { code };
  const { status: outcome, message, reason, details } = status;
  return { status: outcome, message, reason, details, code } as EventStatus;
}

function panicStatus(message: string): EventStatus {
  return { status: "Failure", message: `APIServer panic'd: ${message}`, reason: "InternalError", code: 500 };
}
