/** One request from its coming to the last byte of its answer: through the chain, counted, in the form it asks for. */

import type { Clock, Logger } from "@kubets/apimachinery";
import type { RequestMetrics } from "../metrics/request-metrics.ts";
import type { ServerRequest } from "../request/request.ts";
import type { Chain, Processed } from "./chain.ts";
import { answerOf } from "./errors.ts";
import { isLongRunning, type Place } from "./in-flight.ts";
import { renderFailure, renderNegotiated } from "./negotiated.ts";
import type { ByteSink, HttpResponse } from "./render.ts";
import { infoOf } from "./request-deadlines.ts";

export interface RequestHandlerOptions {
  readonly chain: Chain;
  readonly requests: RequestMetrics;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How long a list's, or a watch's first, bytes keep its place while they wait for their reader. */
const longestSendingMs = 250;

export class RequestHandler {
  readonly #chain: Chain;
  readonly #requests: RequestMetrics;
  readonly #clock: Clock;
  readonly #logger: Logger;

  constructor({ chain, requests, clock, logger }: RequestHandlerOptions) {
    this.#chain = chain;
    this.#requests = requests;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** For callers in this process, who want no bytes: measured as those that come from outside. Never rejects. */
  async process(request: ServerRequest): Promise<Processed> {
    const at = this.#requests.begin(request);
    const processed = this.#requests.measured(request, await this.#chain.process(request));
    const { info, answer, delayedMs } = processed;
    this.#requests.done(request, info, answer, { at, delayedMs, bytes: undefined });
    return processed;
  }

  /** For the network. Never rejects. */
  handle(request: ServerRequest): Promise<HttpResponse> {
    return request.upgrade === undefined ? this.#handle(request) : this.#takingOver(request);
  }

  /** A connection that is taken over is answered for when it has ended: it is running from now on. A watch knows that of itself. */
  async #takingOver(request: ServerRequest): Promise<HttpResponse> {
    const info = infoOf(request);
    const isStream = info !== undefined && isLongRunning(info) && info.verb !== "watch";
    const ended = isStream ? this.#requests.streaming(request, info) : undefined;
    try {
      return await this.#handle(request);
    } finally {
      ended?.();
    }
  }

  async #handle(request: ServerRequest): Promise<HttpResponse> {
    const at = this.#requests.begin(request);
    const processed = this.#requests.measured(request, await this.#chain.process(request));
    const { info, answer, place, delayedMs } = processed;
    try {
      const response = await renderNegotiated(request, processed, this.#clock);
      this.#requests.done(request, info, answer, { at, delayedMs, bytes: bytesOf(response) });
      return this.#followed(request, processed, place === undefined ? response : this.#holding(place, response));
    } catch (error) {
      place?.leave();
      const failed = answerOf(error, this.#logger, { method: request.method, path: request.path });
      this.#requests.done(request, info, failed, { at, delayedMs, bytes: undefined });
      return await renderFailure(request, failed, this.#clock);
    }
  }

  /** What goes on after the headers of its answer is measured until it ends. */
  #followed(request: ServerRequest, { answer, info }: Processed, response: HttpResponse): HttpResponse {
    const { body } = response;
    const { content } = answer;
    if (body.type === "push" && content.type === "watch") {
      const start = (sink: ByteSink, signal: AbortSignal) =>
        body.start(this.#requests.writing(sink, content.definition), signal);
      return { ...response, body: { type: "push", start } };
    }
    if (body.type !== "stream" || info === undefined || !isLongRunning(info)) return response;
    const ended = this.#requests.streaming(request, info);
    const onSent = () => {
      ended();
      response.onSent?.();
    };
    return { ...response, onSent };
  }

  /** A place that is held until the answer is sent. Whoever reads slowly costs memory, which has limits of its own, and no longer time. */
  #holding(place: Place, response: HttpResponse): HttpResponse {
    const timer = this.#clock.setTimeout(() => place.leave(), longestSendingMs, { unref: true });
    const onSent = () => {
      timer.cancel();
      place.leave();
    };
    return { ...response, onSent };
  }
}

/** Of an answer that is made whole. */
function bytesOf({ body }: HttpResponse): number | undefined {
  return body.type === "bytes" ? body.bytes.length : body.type === "list" ? body.list.length : undefined;
}
