/** The store's keys in an etcd: the same below another root. */

export interface KeySpace {
  /** Everything of ours lies in [first, end). */
  readonly first: string;
  readonly end: string;
  toEtcd(key: string): string;
  fromEtcd(key: string): string;
  /** A key that is written only to see how far the watch is, and never shown. */
  readonly fence: string;
}

/**
 * @param prefix upstream's `--etcd-prefix`
 * @param root what the store's keys begin with, which the prefix stands in for
 */
export function keySpace(prefix: string, root: string): KeySpace {
  const trimmed = prefix.replace(/\/+$/, "");
  return {
    first: `${trimmed}/`,
    end: `${trimmed}0`,
    fence: `${trimmed}/kubets.io/fence`,
    toEtcd: (key) => (key.startsWith(root) ? trimmed + key.slice(root.length) : `${trimmed}/${key}`),
    fromEtcd: (key) => root + key.slice(trimmed.length),
  };
}

/** The first key after all that have the prefix. */
export function endOfPrefix(prefix: string): Buffer {
  const bytes = Buffer.from(prefix);
  for (let at = bytes.length - 1; at >= 0; at--) {
    if (bytes[at]! < 0xff) {
      bytes[at]!++;
      return bytes.subarray(0, at + 1);
    }
  }
  return Buffer.from([0]);
}
