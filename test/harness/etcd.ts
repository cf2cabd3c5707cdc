/** An etcd of three members behind TLS, with the files that clients of it need. */

import type { TestContext } from "node:test";
import { realClock } from "@kubets/apimachinery";
import { ensureClusterCertificates } from "@kubets/apiserver/certificates";
import { type EtcdCluster, etcdctlBinary, startEtcd } from "@kubets/storage/testing";
import { cleanUp } from "./clean-up.ts";
import { testDirectory } from "./cluster.ts";
import { output, start } from "./run.ts";

export interface SecureEtcd extends EtcdCluster {
  /** The certificates of a whole cluster; the etcd's own beside them. */
  readonly directory: string;
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** What a key holds, as `etcdctl get --print-value-only` says; "" when there is none. */
  get(key: string): Promise<string>;
  keys(prefix: string): Promise<string[]>;
  /** Past any server. */
  put(key: string, value: Buffer): Promise<void>;
}

export async function startSecureEtcd(t: TestContext, members = 3): Promise<SecureEtcd> {
  const directory = await testDirectory(t);
  const ipAddresses = ["127.0.0.1"];
  const { pki } = await ensureClusterCertificates({
    directory,
    clock: realClock,
    dnsNames: ["localhost"],
    ipAddresses,
  });
  await pki.certificate("etcd", { commonName: "etcd", usages: ["client", "server"], ipAddresses });
  const files = { caFile: pki.path("ca.crt"), certFile: pki.path("etcd.crt"), keyFile: pki.path("etcd.key") };
  const etcd = await startEtcd({ members, tls: files });
  cleanUp(t, () => etcd.stop());
  const flags = ["--cacert", files.caFile, "--cert", files.certFile, "--key", files.keyFile];
  const env = { ...process.env, ETCDCTL_API: "3" };
  const allFlags = [...flags, "--endpoints", etcd.servers.join(",")];
  const etcdctl = async (...args: string[]) => await output(await etcdctlBinary(), [...args, ...allFlags], { env });
  return {
    ...etcd,
    ...files,
    directory,
    get: (key) => etcdctl("get", key, "--print-value-only"),
    async put(key, value) {
      const { child, ended } = start(await etcdctlBinary(), ["put", key, ...allFlags], { env });
      child.stdin.end(value);
      const { code, stderr } = await ended;
      if (code !== 0) throw new Error(`etcdctl put: ${stderr}`);
    },
    keys: async (prefix) => (await etcdctl("get", prefix, "--prefix", "--keys-only")).split("\n").filter(Boolean),
  };
}

/** The flags of `kubets up` that lead to it. */
export function etcdFlags({ servers, caFile, certFile, keyFile }: SecureEtcd): string[] {
  const files = ["--etcd-cafile", caFile, "--etcd-certfile", certFile, "--etcd-keyfile", keyFile];
  return ["--etcd-servers", servers.join(","), ...files];
}
