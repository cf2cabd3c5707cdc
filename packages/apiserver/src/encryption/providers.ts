/**
 * The providers of a resource: the first key of the first one writes; whichever can, reads. Stored values begin with the provider's prefix and the key's
 * name. Source: apiserver's storage/value/transformer.go and server/options/encryptionconfig/config.go.
 */

import { createHash } from "node:crypto";
import { type DecodedValue, isEncrypted } from "@kubets/storage";
import { aesCbc, aesGcm, secretbox, type ValueCipher } from "./ciphers.ts";
import type { KeysConfiguration, KmsConfiguration, ProviderConfiguration } from "./configuration.ts";
import type { PrefixedCodec } from "./metrics.ts";

/** What one provider makes of a value that begins with its prefix. */
export interface Provider {
  readonly prefix: Buffer;
  /** See {@link ValueCodec.seal}. */
  readonly seal: string | undefined;
  encode(path: string, bytes: Uint8Array): Uint8Array;
  /** Undefined for a value that is to be left to the other providers. @param problems why it cannot be read is added to them */
  decode(path: string, stored: Uint8Array, problems: string[]): DecodedValue | undefined;
}

interface NamedKey {
  readonly prefix: Buffer;
  readonly seal: string;
  readonly cipher: ValueCipher;
}

const identity: Provider = {
  prefix: Buffer.alloc(0),
  seal: undefined,
  encode: (_path, bytes) => bytes,
  decode: (_path, stored) => (isEncrypted(stored) ? undefined : { bytes: stored, seal: undefined }),
};

/** Connects to the plugin of a configuration. @throws Error for a version that is not served */
export type ConnectPlugin = (config: KmsConfiguration) => Promise<Provider>;

export async function makeProvider(config: ProviderConfiguration, connect: ConnectPlugin): Promise<Provider> {
  const { aesgcm, aescbc, secretbox: box, kms } = config;
  if (aesgcm) return await keyed("aesgcm", "AES", aesgcm, (secret) => aesGcm(secret));
  if (aescbc) return await keyed("aescbc", "AES", aescbc, (secret) => aesCbc(secret));
  if (box) return await keyed("secretbox", "Secretbox", box, (secret) => secretbox(secret));
  return kms ? await connect(kms) : identity;
}

async function keyed(
  provider: string,
  title: string,
  { keys = [] }: KeysConfiguration,
  make: (secret: Uint8Array) => ValueCipher | Promise<ValueCipher>,
): Promise<Provider> {
  const prefix = Buffer.from(`k8s:enc:${provider}:v1:`);
  const named: NamedKey[] = [];
  for (const { name = "", secret: text = "" } of keys) {
    const secret = Buffer.from(text, "base64");
    const seal = `${provider}:${name}:${createHash("sha256").update(secret).digest("base64")}`;
    named.push({ prefix: Buffer.concat([prefix, Buffer.from(`${name}:`)]), seal, cipher: await make(secret) });
  }
  const [writer] = named;
  if (writer === undefined) throw new Error(`${title.toLowerCase()} provider has no valid keys`);
  return {
    prefix,
    seal: writer.seal,
    encode: (path, bytes) => Buffer.concat([writer.prefix, writer.cipher.encrypt(bytes, path)]),
    decode(path, stored, problems) {
      const mine = named.filter((key) => startsWith(stored, key.prefix));
      if (mine.length === 0) problems.push(`no matching key was found for the provided ${title} transformer`);
      for (const key of mine) {
        try {
          return { bytes: key.cipher.decrypt(stored.subarray(key.prefix.length), path), seal: key.seal };
        } catch (error) {
          // Two keys may have one name, while the one is replaced by the other.
          problems.push((error as Error).message);
        }
      }
      return undefined;
    },
  };
}

function startsWith(bytes: Uint8Array, prefix: Buffer): boolean {
  return bytes.length >= prefix.length && prefix.equals(bytes.subarray(0, prefix.length));
}

export class ProviderChain implements PrefixedCodec {
  readonly #providers: readonly Provider[];
  readonly #writer: Provider;

  /** @param providers at least one */
  constructor(providers: readonly Provider[]) {
    this.#providers = providers;
    this.#writer = providers[0]!;
  }

  get seal(): string | undefined {
    return this.#writer.seal;
  }

  get writerPrefix(): string {
    return this.#writer.prefix.toString();
  }

  prefixOf(stored: Uint8Array): string {
    if (!isEncrypted(stored)) return "identity";
    const found = this.#providers.find(({ prefix }) => prefix.length > 0 && startsWith(stored, prefix));
    return found?.prefix.toString() ?? "unknown";
  }

  encode(path: string, bytes: Uint8Array): Uint8Array {
    return this.#writer.encode(path, bytes);
  }

  decode(path: string, stored: Uint8Array): DecodedValue {
    const problems: string[] = [];
    for (const provider of this.#providers) {
      if (!startsWith(stored, provider.prefix)) continue;
      const decoded = provider.decode(path, stored, problems);
      if (decoded !== undefined) return decoded;
    }
    throw new Error(textOf(problems));
  }
}

/** As utilerrors.NewAggregate prints. */
function textOf(problems: readonly string[]): string {
  const [first = "no matching prefix found", ...others] = new Set(problems);
  return others.length === 0 ? first : `[${[first, ...others].join(", ")}]`;
}
