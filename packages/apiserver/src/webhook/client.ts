/**
 * The one client for all webhooks that objects configure: admission, CRD conversion. It finds the server by URL or by Service, trusts it by CA bundle,
 * keeps its connections, and words its errors as upstream's client does. Source: apiserver's util/webhook.
 */

import type { WebhookClientConfig } from "@kubets/api";
import { type Clock, messageOf, writeJson } from "@kubets/apimachinery";
import type { Egress } from "../egress/egress.ts";
import type { MetricsRegistry } from "../metrics/families.ts";
import type { Address } from "../services/backends.ts";
import { WebhookCallError } from "./call-error.ts";
import { type CallerOptions, type CallOptions, HttpsCaller, type TlsTrust, withPort } from "./https-caller.ts";
import type { ServiceResolver } from "./service-resolver.ts";
import type { WebhookUsers } from "./webhook-users.ts";

/** `webhooks[].clientConfig` of a webhook configuration, or of a CRD's conversion: a URL, or a Service, and base64 of PEM. */
export type WebhookTarget = WebhookClientConfig;

export interface WebhookClientOptions {
  readonly services: ServiceResolver;
  readonly clock: Clock;
  /** How servers are reached where not directly: Services as the cluster is, URLs as the control plane. */
  readonly egress?: Egress | undefined;
  /** `kubeConfigFile` of the AdmissionConfiguration: as whom a server is called. Without it as nobody in particular. */
  readonly users?: WebhookUsers;
  readonly meters?: MetricsRegistry | undefined;
  /**
   * Asks a path of this API server itself, for webhooks whose service is `default/kubernetes`: those of aggregated API servers. Undefined for a
   * path that no other server answers: the call could come back here for ever.
   */
  loopback?(path: string, body: object, signal: AbortSignal | undefined): Promise<unknown> | undefined;
  /** Whether an address is this API server's own: a webhook there would wait for itself. */
  isSelf?(address: Address): boolean;
}

/** Servers whose connections are kept, as upstream's cache of clients. */
const maxCallers = 200;
const defaultPort = 443;

export class WebhookClient {
  readonly #options: WebhookClientOptions;
  /** Oldest use first. */
  readonly #callers = new Map<string, HttpsCaller>();
  /** Targets are parts of stored, frozen objects: the same one is the same server. */
  #byTarget = new WeakMap<WebhookTarget, HttpsCaller>();

  constructor(options: WebhookClientOptions) {
    this.#options = options;
  }

  /**
   * Posts `body` as JSON.
   * @returns the answer, parsed; its shape is for the caller to check
   * @throws WebhookCallError: unreachable, not trusted, too late, no JSON, or an answer that is an error
   */
  async call(target: WebhookTarget, body: object, options: CallOptions = {}): Promise<unknown> {
    const looped = isLoopback(target) ? this.#loop(target, body, options) : undefined;
    return looped !== undefined
      ? await looped
      : await this.callerOf(target).post(Buffer.from(writeJson(body)), options);
  }

  #loop(target: WebhookTarget, body: object, { timeoutMs, signal }: CallOptions): Promise<unknown> | undefined {
    const path = target.service?.path ?? "/";
    const answer = this.#options.loopback?.(path, body, signal);
    if (answer === undefined) return undefined;
    const shown = `https://kubernetes.default.svc:${defaultPort}${path}`;
    return withDeadline(answer, timeoutMs, this.#options.clock).catch((error: unknown) => {
      const timedOut = error instanceof DeadlineExceeded;
      throw new WebhookCallError(`Post "${shown}": ${messageOf(error)}`, { cause: error, timedOut });
    });
  }

  /** The kept connections to a target. @throws WebhookCallError for a target that names no server */
  callerOf(target: WebhookTarget): HttpsCaller {
    let caller = this.#byTarget.get(target);
    if (caller === undefined) {
      caller = this.#shared(target);
      this.#byTarget.set(target, caller);
    }
    return caller;
  }

  /** Ends all idle connections; what is called from now on is called anew, as whom its user is by then. */
  close(): void {
    for (const caller of this.#callers.values()) caller.close();
    this.#callers.clear();
    this.#byTarget = new WeakMap();
  }

  /** Two webhooks of one server share its connections; a configuration that was changed elsewhere keeps them. */
  #shared(target: WebhookTarget): HttpsCaller {
    const { url = "", service, caBundle = "" } = target;
    const key = JSON.stringify([url, service?.namespace, service?.name, service?.path, service?.port, caBundle]);
    const found = this.#callers.get(key);
    if (found !== undefined) {
      this.#callers.delete(key);
      this.#callers.set(key, found);
      return found;
    }
    const made = this.#make(target);
    this.#callers.set(key, made);
    const [oldest] = this.#callers.keys();
    if (this.#callers.size > maxCallers && oldest !== undefined) {
      this.#callers.get(oldest)?.close();
      this.#callers.delete(oldest);
    }
    return made;
  }

  #make(target: WebhookTarget): HttpsCaller {
    const { clock, meters } = this.#options;
    const common = { traced: true, clock, meters };
    const ca = target.caBundle ? { ca: authorities(target.caBundle) } : {};
    const { service } = target;
    if (service !== undefined) {
      const { namespace, name, path = "/", port = defaultPort } = service;
      const serverName = `${name}.${namespace}.svc`;
      const url = withPort(new URL(`https://${serverName}:${port}${path === "" ? "/" : path}`), port);
      const resolve = () => this.#resolve(namespace, name, port);
      return new HttpsCaller({
        ...common,
        url,
        resolve,
        dial: this.#options.egress?.cluster,
        ...this.#identified(`${serverName}:${port}`, { ...ca, serverName }),
      });
    }
    if (!target.url) throw new WebhookCallError("webhook configuration must have either service or URL");
    if (!URL.canParse(target.url)) throw new WebhookCallError(`Unparsable URL: ${target.url}`);
    const url = new URL(target.url);
    const own = { host: url.hostname.replace(/^\[|\]$/g, ""), port: url.port === "" ? defaultPort : Number(url.port) };
    const resolve = async () => this.#notSelf(own);
    return new HttpsCaller({
      ...common,
      url,
      resolve,
      dial: this.#options.egress?.controlplane,
      ...this.#identified(`${url.hostname}:${own.port}`, ca),
    });
  }

  #identified(hostPort: string, tls: TlsTrust): Pick<CallerOptions, "tls" | "headers"> {
    const identity = this.#options.users?.of(hostPort);
    return identity === undefined ? { tls } : { tls: { ...tls, ...identity.tls }, headers: () => identity.headers() };
  }

  async #resolve(namespace: string, name: string, port: number): Promise<Address> {
    return this.#notSelf(await this.#options.services.resolve(namespace, name, port));
  }

  #notSelf(address: Address): Address {
    if (!this.#options.isSelf?.(address)) return address;
    throw new Error(`${address.host}:${address.port} is the API server itself, which would wait for its own answer`);
  }
}

/** @throws WebhookCallError */
function authorities(caBundle: string): string {
  const pem = Buffer.from(caBundle, "base64").toString();
  if (/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.test(pem)) return pem;
  throw new WebhookCallError("unable to load root certificates: unable to parse bytes as PEM block");
}

function isLoopback({ service }: WebhookTarget): boolean {
  if (service === undefined) return false;
  return (
    service.namespace === "default" && service.name === "kubernetes" && (service.port ?? defaultPort) === defaultPort
  );
}

class DeadlineExceeded extends Error {
  override readonly message = "context deadline exceeded";
}

async function withDeadline<T>(answer: Promise<T>, timeoutMs: number | undefined, clock: Clock): Promise<T> {
  if (timeoutMs === undefined) return await answer;
  const late = Promise.withResolvers<never>();
  const timer = clock.setTimeout(() => late.reject(new DeadlineExceeded()), timeoutMs);
  try {
    return await Promise.race([answer, late.promise]);
  } finally {
    timer.cancel();
  }
}
