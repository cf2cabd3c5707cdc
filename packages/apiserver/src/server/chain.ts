/**
 * The request's way: URL, identity, permission, room, handler. Whatever is thrown on it becomes a Status; nothing gets past it.
 */

import type { ResourceDefinition } from "@kubets/api";
import { internalError, type Logger } from "@kubets/apimachinery";
import type { Auditing, RequestAudit } from "../audit/index.ts";
import type { Authorizer } from "../authorization/authorizer.ts";
import { delayOf, noteDelay } from "../metrics/delays.ts";
import type { MetricsRegistry } from "../metrics/families.ts";
import { meteredAuthenticator, meteredAuthorizer } from "../metrics/identity-metrics.ts";
import { negotiateOutput, onlyProtobuf } from "../request/negotiate.ts";
import { parseRequestInfo } from "../request/parse-request-info.ts";
import {
  type Answer,
  type Content,
  header,
  internalServerError,
  noSniff,
  type ServerRequest,
} from "../request/request.ts";
import type { RequestInfo } from "../request/request-info.ts";
import type { Tracer } from "../tracing/tracer.ts";
import type { Delivery } from "../watch/event.ts";
import type { WatchSink } from "../watch/watch-request.ts";
import { attributesOf, authorize, UndecidedError } from "./authorize.ts";
import type { Call, ServerContext } from "./context.ts";
import { dispatch, type Handlers, nothingThere } from "./dispatch.ts";
import { answerOf } from "./errors.ts";
import { Identification, type Identity } from "./identity.ts";
import { isLongRunning, type Place, RefusedError, type RequestLimiter } from "./in-flight.ts";
import { timeoutOf } from "./request-deadlines.ts";

/** Answers a request that is not about a resource: discovery, health, version; undefined when it is not its. */
export type NonResourceHandler = (call: Call) => Promise<Answer | undefined> | Answer | undefined;

export interface ChainOptions {
  readonly server: ServerContext;
  readonly handlers: Handlers;
  readonly nonResource: readonly NonResourceHandler[];
  /** Asked first, about everything: what another server answers for this one. Undefined for what it does not. */
  readonly elsewhere?: (call: Call) => Promise<Answer> | undefined;
  readonly limiter: RequestLimiter;
  readonly meters: MetricsRegistry;
  /** Undefined when nothing is audited. */
  readonly auditing?: Auditing | undefined;
  /** Undefined when no traces are made. */
  readonly tracer?: Tracer | undefined;
}

export interface Processed {
  readonly answer: Answer;
  /** Undefined when the URL could not be read. */
  readonly info: RequestInfo | undefined;
  /** What is still held; to be left when the answer is sent. */
  readonly place?: Place;
  /** How much of its time the request waited for webhooks or a seat. */
  readonly delayedMs: number;
}

interface Held {
  place: Place | undefined;
  /** Under it delays are noted. */
  warn: ((text: string) => void) | undefined;
  /** A handler has the request. */
  handled: boolean;
}

type CallNotes = Pick<Call, "warn" | "annotate" | "audit">;

const notAudited = () => {};

export class Chain {
  readonly #options: ChainOptions;
  readonly #logger: Logger;
  readonly #identification: Identification;
  readonly #authorizer: Authorizer;

  constructor(options: ChainOptions) {
    this.#options = options;
    this.#logger = options.server.logger;
    const { authenticator, authorizer, clock } = options.server;
    this.#identification = new Identification(meteredAuthenticator(authenticator, options.meters, clock), authorizer);
    this.#authorizer = meteredAuthorizer(authorizer, options.meters, clock);
  }

  /** Never rejects. */
  process(request: ServerRequest): Promise<Processed> {
    const { auditing } = this.#options;
    return auditing === undefined ? this.#process(request) : this.#audited(request, auditing.begin(request));
  }

  async #audited(request: ServerRequest, audit: RequestAudit): Promise<Processed> {
    const processed = await this.#process(request, audit);
    return { ...processed, answer: await audit.finish(processed.answer, processed.info) };
  }

  async #process(request: ServerRequest, audit?: RequestAudit): Promise<Processed> {
    let info: RequestInfo | undefined;
    const warnings = new Set<string>();
    const held: Held = { place: undefined, warn: undefined, handled: false };
    let answer: Answer;
    try {
      info = parseRequestInfo(request.method, request.path, request.query);
      if (request.query.has("timeout") && !isLongRunning(info)) timeoutOf(request.query);
      const { tracer } = this.#options;
      const notes = { warn: (text: string) => void warnings.add(text), annotate: audit?.annotate ?? notAudited, audit };
      held.warn = notes.warn;
      answer = await (tracer === undefined
        ? this.#answer(request, info, notes, held)
        : this.#traced(tracer, request, info, notes, held));
    } catch (error) {
      answer = this.#refusal(error, request, held, audit);
    }
    const { place } = held;
    const delayedMs = delayOf(held.warn);
    const headers = place?.headers;
    if (headers !== undefined && request.user === undefined) {
      answer = { ...answer, headers: answer.headers === undefined ? headers : { ...answer.headers, ...headers } };
    }
    if (warnings.size > 0) answer = { ...answer, warnings: [...warnings] };
    if (place?.untilSent && request.user === undefined) {
      if (answer.content.type === "list") return { answer, info, place, delayedMs };
      if (answer.content.type === "watch")
        return {
          answer: { ...answer, content: leavingWhenInitialized(answer.content, place) },
          info,
          place,
          delayedMs,
        };
    }
    place?.leave();
    return { answer, info, delayedMs };
  }

  #refusal(error: unknown, request: ServerRequest, { handled }: Held, audit: RequestAudit | undefined): Answer {
    if (error instanceof RefusedError) return error.answer;
    const { method, path, user, url } = request;
    if (error instanceof UndecidedError) {
      // Callers in this process read no text.
      if (user === undefined) return internalServerError(url ?? path, error.message);
      return answerOf(internalError(error.cause), this.#logger, { method, path });
    }
    const unexpected = audit && ((thrown: unknown) => audit.panicked(thrown));
    const answer = answerOf(error, this.#logger, { method, path }, unexpected);
    // Of what is said before, upstream guards all but that it does not know who asks.
    const isGuarded = !handled && answer.status !== 401;
    return isGuarded ? { ...answer, headers: { ...answer.headers, ...noSniff } } : answer;
  }

  /** A trace begins when it is known who asks: not everyone may say which one a request belongs to. */
  async #traced(
    tracer: Tracer,
    request: ServerRequest,
    info: RequestInfo,
    notes: CallNotes,
    held: Held,
  ): Promise<Answer> {
    const identity = await this.#identification.identify(request, info, notes);
    const answer = () => this.#answer(request, info, notes, held, identity);
    return await tracer.request(request, info, identity.user, answer);
  }

  async #answer(
    request: ServerRequest,
    info: RequestInfo,
    notes: CallNotes,
    held: Held,
    identity?: Identity,
  ): Promise<Answer> {
    const { server, limiter } = this.#options;
    const { user, impersonation } = identity ?? (await this.#identification.identify(request, info, notes));
    const place = limiter.enter(request, info, user);
    held.place = place instanceof Promise ? await this.#seated(place, notes.warn) : place;
    await authorize(this.#authorizer, attributesOf(user, info, request.query), notes.annotate);
    held.handled = true;
    const call: Call = {
      server,
      request,
      info,
      user,
      ...notes,
      ...(impersonation === undefined ? {} : { impersonation }),
    };
    return await this.#handle(call);
  }

  async #seated(place: Promise<Place>, warn: (text: string) => void): Promise<Place> {
    const { clock } = this.#options.server;
    const start = clock.monotonic();
    try {
      return await place;
    } finally {
      noteDelay(warn, clock.monotonic() - start);
    }
  }

  async #handle(call: Call): Promise<Answer> {
    const { info } = call;
    const elsewhere = this.#options.elsewhere?.(call);
    if (elsewhere !== undefined) return await elsewhere;
    if (info.isResourceRequest) {
      requireAcceptable(call);
      return await dispatch(call, this.#options.handlers);
    }
    for (const handler of this.#options.nonResource) {
      const answer = await handler(call);
      if (answer !== undefined) return answer;
    }
    return nothingThere(call);
  }
}

/** A watch holds its place for as long as a list would. */
function leavingWhenInitialized<T extends Content & { type: "watch" }>(content: T, place: Place): T {
  const start = (sink: WatchSink, signal: AbortSignal) => {
    const end = () => {
      place.leave();
      sink.end();
    };
    const deliver = (deliveries: readonly Delivery[]) => sink.deliver(deliveries);
    content.watch.start({ deliver, drained: () => sink.drained?.(), initialized: () => place.leave(), end }, signal);
  };
  return { ...content, watch: { start } };
}

/** Before anything is changed: an answer that could not be given afterwards is refused now. @throws StatusError 406 */
function requireAcceptable({ request, info, server }: Call): void {
  const { subresource, apiGroup, apiVersion, resource } = info;
  if (subresource !== "" && subresource !== "status" && subresource !== "scale") return;
  const accept = header(request, "accept");
  const protobuf = accept === undefined ? undefined : onlyProtobuf(accept);
  if (protobuf !== undefined) {
    if (protobuf.as === "partial" || subresource === "scale") return;
    const served = server.resources.get(apiGroup, apiVersion, resource);
    if (served !== undefined && hasProtobufForm(served.definition)) return;
  }
  negotiateOutput(accept, request.query, { table: true, watch: info.verb === "watch" });
}

/** Of built-in kinds the stable ones. */
function hasProtobufForm({ schema, version }: ResourceDefinition): boolean {
  return /^v\d+$/.test(version) && schema.$ref?.includes("/io.k8s.") === true;
}
