/**
 * Whether a plugin is well, and the seed that values are written with: made anew when the plugin's key is another. Asked every minute, every ten
 * seconds while it is unwell. Source: apiserver's server/options/encryptionconfig/config.go.
 */

import { createHash, randomBytes as realRandomBytes } from "node:crypto";
import { type Clock, formatTime, type Logger, messageOf, type Random } from "@kubets/apimachinery";
import type { RandomBytes, ValueCipher } from "../ciphers.ts";
import type { KmsMetrics } from "../metrics.ts";
import { checkSource, type EncryptedSource, keyIdFlaw, sourceTypes } from "./encrypted-object.ts";
import { seedCipher, seedSize } from "./seed-cipher.ts";
import type { KmsService, KmsStatus } from "./service.ts";

export interface PluginProbeOptions {
  readonly name: string;
  readonly service: Pick<KmsService, "status" | "encrypt">;
  readonly clock: Clock;
  readonly random: Random;
  readonly randomBytes?: RandomBytes;
  readonly logger: Logger;
  readonly metrics: KmsMetrics;
  /** Told after each time that the plugin was well. */
  onHealthy(): void;
}

/** What values are written with. */
export interface WriteState {
  readonly encrypted: EncryptedSource;
  readonly cipher: ValueCipher;
  /** By the monotonic clock: from then on nothing is written. */
  readonly expiresAt: number;
}

const healthyIntervalMs = 60_000;
const unwellIntervalMs = 10_000;
/** Long enough to outlast a short failure of the plugin, short enough that a new key is in use some minutes after it was made. */
const writeTtlMs = 3 * 60_000;
/** How long health endpoints are given what was found last. */
const wellTtlMs = 20_000;
const unwellTtlMs = 3_000;

interface Finding {
  readonly error: string | undefined;
  readonly until: number;
}

export class PluginProbe {
  readonly #options: PluginProbeOptions;
  #state: WriteState | undefined;
  #version = "";
  #last: Finding | undefined;
  #checking: Promise<string | undefined> | undefined;

  constructor(options: PluginProbeOptions) {
    this.#options = options;
  }

  /** Undefined until the plugin has been well once. */
  get state(): WriteState | undefined {
    return this.#state;
  }

  /** @throws Error, with upstream's words, when nothing may be written */
  get writable(): WriteState {
    const state = this.#state;
    if (state === undefined) throw new Error(noState);
    const { clock } = this.#options;
    const late = clock.monotonic() - state.expiresAt;
    if (late > 0) {
      const now = clock.now();
      const keyHash = hashOf(state.encrypted.keyId);
      throw new Error(
        `encryptedDEKSource with keyID hash "${keyHash}" expired at ${formatTime(now - late)} (current time is ${formatTime(now)})`,
      );
    }
    return state;
  }

  /** Asks at once; then goes on until `signal` aborts. Resolves after the first answer: a plugin that is not there yet is no failure. */
  async start(signal: AbortSignal): Promise<void> {
    await this.#logged();
    void this.#keepAsking(signal);
  }

  /** What is wrong; undefined when it is well. Answers from memory for a while. */
  check(): Promise<string | undefined> {
    const { clock } = this.#options;
    if (this.#last !== undefined && clock.monotonic() < this.#last.until) return Promise.resolve(this.#last.error);
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  async #keepAsking(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      const wait = this.#last?.error === undefined ? healthyIntervalMs : unwellIntervalMs;
      await pause(clock, wait, signal);
      if (!signal.aborted) await this.#logged();
    }
  }

  async #logged(): Promise<void> {
    const err = await this.check();
    if (err !== undefined)
      this.#options.logger.error("kms plugin failed health check probe", { name: this.#options.name, err });
  }

  async #check(): Promise<string | undefined> {
    const { clock, onHealthy } = this.#options;
    const error = await this.#ask();
    this.#last = { error, until: clock.monotonic() + (error === undefined ? wellTtlMs : unwellTtlMs) };
    if (error === undefined) onHealthy();
    return error;
  }

  async #ask(): Promise<string | undefined> {
    const { name, service } = this.#options;
    let status: KmsStatus;
    try {
      status = await service.status();
    } catch (error) {
      return `failed to perform status section of the healthz check for KMS Provider ${name}, error: ${messageOf(error)}`;
    }
    const problems = [...this.#flaws(status), ...(await this.#followKey(status.keyId))];
    if (problems.length === 0) return undefined;
    const text = problems.length === 1 ? problems[0] : `[${problems.join(", ")}]`;
    return `kmsv2 Provider ${name} is not healthy, error: ${text}`;
  }

  #flaws({ healthz, version }: KmsStatus): string[] {
    const flaws = healthz === "ok" ? [] : [`got unexpected healthz status: ${healthz}`];
    if (version !== "v2" && version !== "v2beta1") return [...flaws, `expected KMSv2 API version v2, got ${version}`];
    this.#version ||= version;
    if (this.#version === version) return flaws;
    const was = this.#version;
    return [
      ...flaws,
      `KMSv2 API version should not change after the initial status response version ${was}, got ${version}`,
    ];
  }

  /** Whatever else is wrong, a key that can be used is. */
  async #followKey(keyId: string): Promise<string[]> {
    const { name, metrics } = this.#options;
    const flaw = keyIdFlaw(keyId);
    if (flaw !== undefined) {
      metrics.invalidKeyId(name, flaw.code);
      return [`got invalid KMSv2 KeyID hash ${JSON.stringify(keyId === "" ? "" : hashOf(keyId))}: ${flaw.text}`];
    }
    metrics.keyIdFromStatus(name, keyId);
    const failure = await this.#useKey(keyId);
    return failure === undefined ? [] : [failure];
  }

  /** What is in use goes on being used while its key is the plugin's; otherwise the plugin encrypts a new seed. */
  async #useKey(keyId: string): Promise<string | undefined> {
    const { clock, service, random, randomBytes = realRandomBytes } = this.#options;
    // Counted from before the plugin is asked: it is the longest that is allowed.
    const expiresAt = clock.monotonic() + writeTtlMs;
    const before = this.#state;
    if (before?.encrypted.keyId === keyId) {
      this.#state = { ...before, expiresAt };
      return undefined;
    }
    const uid = random.uuid();
    let made: EncryptedSource | undefined;
    let failure: string | undefined;
    try {
      const seed = randomBytes(seedSize);
      made = { ...(await service.encrypt(seed, uid)), type: sourceTypes.seed };
      checkSource(made);
      if (made.keyId === keyId) {
        this.#state = { encrypted: made, cipher: seedCipher(seed, randomBytes), expiresAt };
        return undefined;
      }
    } catch (error) {
      failure = `failed to encrypt DEK, error: ${messageOf(error)}`;
    }
    const of = (id: string | undefined) => JSON.stringify(id ? hashOf(id) : "");
    const state = before === undefined ? noState : "<nil>";
    return `failed to rotate DEK uid="${uid}", useSeed=true, errState=${state}, errGen=${failure ?? "<nil>"}, statusKeyIDHash=${of(keyId)}, encryptKeyIDHash=${of(made?.keyId)}, stateKeyIDHash=${of(before?.encrypted.keyId)}`;
  }
}

export const noState = "got unexpected nil transformer";

/** Ids of keys are told by their hash alone. */
export function hashOf(keyId: string): string {
  return `sha256:${createHash("sha256").update(keyId).digest("hex")}`;
}

/** Keeps no process alive. */
function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = clock.setTimeout(() => done(), ms, { unref: true });
    const done = () => {
      timer.cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    signal.addEventListener("abort", done, { once: true });
  });
}
