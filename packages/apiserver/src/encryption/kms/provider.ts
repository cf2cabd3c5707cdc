/** KMS v2 as a provider: values under keys made of a seed, and the seed under the plugin's key. */

import { createHash } from "node:crypto";
import type { Clock, Logger, Random } from "@kubets/apimachinery";
import { messageOf, parseDuration } from "@kubets/apimachinery";
import { aesGcm, type ValueCipher } from "../ciphers.ts";
import type { KmsConfiguration } from "../configuration.ts";
import { codeOf, type KmsMetrics } from "../metrics.ts";
import type { Provider } from "../providers.ts";
import { decodeObject, type EncryptedSource, encodeObject, sourceTypes } from "./encrypted-object.ts";
import { noState, PluginProbe } from "./plugin-probe.ts";
import { seedCipher } from "./seed-cipher.ts";
import { connectKms, socketPath } from "./service.ts";
import { WaitingDecrypt } from "./waiting-decrypt.ts";

export interface KmsMeans {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: KmsMetrics;
  /** Ends the plugin's connection, and the looking after it. */
  readonly signal: AbortSignal;
  /** Told when values that could not be read may be readable now. */
  onReadable(): void;
}

export interface KmsProvider extends Provider {
  /** For `kms-providers`. @returns what is wrong */
  check(): Promise<string | undefined>;
}

export const defaultTimeout = "3s";

/** More are seen when keys change and nothing is written again: the oldest are asked for anew. */
const maxSources = 4096;

/** Resolves when the plugin has answered, or failed to. */
export async function kmsProvider(config: KmsConfiguration, means: KmsMeans): Promise<KmsProvider> {
  const { name = "", endpoint = "", timeout = defaultTimeout } = config;
  const { metrics, signal } = means;
  const reach = {
    path: socketPath(endpoint),
    timeoutMs: parseDuration(timeout),
    onCall: (method: string, code: string, ms: number) => metrics.call(name, method, code, ms),
  };
  const service = await connectKms(reach);
  const sources = new Sources(name, new WaitingDecrypt(reach), means);
  const close = () => {
    service.close();
    sources.close();
  };
  signal.addEventListener("abort", close, { once: true });
  if (signal.aborted) close();
  const probe = new PluginProbe({ ...means, name, service, onHealthy: () => sources.tryAgain() });
  await probe.start(signal);
  const sealOf = ({ keyId, type }: EncryptedSource) => `kms:${name}:${type}:${keyId}`;
  const prefix = Buffer.from(`k8s:enc:kms:v2:${name}:`);
  return {
    prefix,
    get seal() {
      return probe.state === undefined ? `kms:${name}:` : sealOf(probe.state.encrypted);
    },
    encode(path, bytes) {
      const { cipher, encrypted } = probe.writable;
      sources.remember(encrypted, cipher);
      metrics.keyUsed(name, "to_storage", encrypted.keyId);
      return Buffer.concat([prefix, encodeObject({ ...encrypted, data: cipher.encrypt(bytes, path) })]);
    },
    decode(path, stored, problems) {
      try {
        const object = decodeObject(stored.subarray(prefix.length));
        // As upstream: whoever has never heard of the plugin does not ask it for values either.
        if (probe.state === undefined) throw sources.failed(noState);
        const cipher = sources.cipherOf(object);
        metrics.keyUsed(name, "from_storage", object.keyId);
        return { bytes: cipher.decrypt(object.data, path), seal: sealOf(object) };
      } catch (error) {
        problems.push(messageOf(error));
        return undefined;
      }
    },
    check: () => probe.check(),
  };
}

type SourceMeans = Pick<KmsMeans, "metrics" | "random" | "onReadable">;

/** The seeds and keys that are known, by what the plugin made of them. @internal exported for its test */
export class Sources {
  readonly #name: string;
  readonly #plugin: Pick<WaitingDecrypt, "decrypt" | "close">;
  readonly #means: SourceMeans;
  readonly #ciphers = new Map<string, ValueCipher>();
  /** Those the plugin would not decrypt: every value under them would ask again, and this thread wait for each. */
  readonly #refused = new Map<string, Error>();
  /** Why the plugin did not answer: whoever asks next would wait as long, and this thread with it. */
  #unanswered: Error | undefined;
  #hasFailed = false;

  constructor(name: string, plugin: Pick<WaitingDecrypt, "decrypt" | "close">, means: SourceMeans) {
    this.#name = name;
    this.#plugin = plugin;
    this.#means = means;
  }

  /** @throws Error when the plugin cannot be asked, or refuses */
  cipherOf(encrypted: EncryptedSource): ValueCipher {
    const key = keyOf(encrypted);
    const known = this.#ciphers.get(key);
    if (known !== undefined) return known;
    const refused = this.#refused.get(key);
    if (refused !== undefined) throw refused;
    if (this.#unanswered !== undefined) throw this.#unanswered;
    this.#means.metrics.cacheMiss();
    const { keyId, source, annotations, type } = encrypted;
    // What is read may be a part of something large, which is not to be kept or sent with it.
    const own = { keyId, source: Uint8Array.from(source), annotations: new Map(annotations), type };
    let cipher: ValueCipher;
    try {
      const plaintext = this.#plugin.decrypt(own, this.#means.random.uuid());
      cipher = type === sourceTypes.seed ? seedCipher(plaintext) : aesGcm(plaintext);
    } catch (error) {
      const failure = this.failed(`failed to decrypt DEK, error: ${messageOf(error)}`);
      this.#refused.set(key, failure);
      if (codeOf(error) === "DeadlineExceeded") this.#unanswered = failure;
      throw failure;
    }
    this.#keep(key, cipher);
    return cipher;
  }

  /** A seed that was made here. */
  remember(encrypted: EncryptedSource, cipher: ValueCipher): void {
    if (this.#latest === cipher) return;
    this.#latest = cipher;
    this.#keep(keyOf(encrypted), cipher);
  }

  #latest: ValueCipher | undefined;

  /** An error of a value that may be read later. */
  failed(message: string): Error {
    this.#hasFailed = true;
    return new Error(message);
  }

  /** The plugin is well: what it refused is asked again. */
  tryAgain(): void {
    if (!this.#hasFailed) return;
    this.#hasFailed = false;
    this.#refused.clear();
    this.#unanswered = undefined;
    this.#means.onReadable();
  }

  close(): void {
    this.#plugin.close();
  }

  #keep(key: string, cipher: ValueCipher): void {
    const [oldest] = this.#ciphers.keys();
    if (this.#ciphers.size >= maxSources && oldest !== undefined) this.#ciphers.delete(oldest);
    this.#ciphers.set(key, cipher);
    this.#means.metrics.cacheSize(this.#name, this.#ciphers.size);
  }
}

function keyOf({ type, source, keyId, annotations }: EncryptedSource): string {
  const hash = createHash("sha256");
  const add = (part: Uint8Array | string) => hash.update(`${Buffer.byteLength(part)}:`).update(part);
  add(String(type));
  add(source);
  add(keyId);
  for (const name of [...annotations.keys()].sort()) {
    add(name);
    add(annotations.get(name)!);
  }
  return hash.digest("base64");
}
