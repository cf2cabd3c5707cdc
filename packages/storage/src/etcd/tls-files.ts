/** The files with which etcd is spoken to, read anew for each connection, as etcd's own client reads its certificate: they may be renewed meanwhile. */

import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { type Logger, messageOf } from "@kubets/apimachinery";
import type { EtcdTls } from "./channel.ts";

/** Paths. */
export interface EtcdTlsFiles {
  readonly ca?: string | undefined;
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
}

/**
 * @returns what is in the files; what was in them before while they cannot be used, as a certificate whose key is yet to come
 * @throws Error when they cannot be read or used to begin with
 */
export function tlsFromFiles(files: EtcdTlsFiles, logger: Logger): () => EtcdTls {
  let current = readAll(files);
  return () => {
    try {
      const found = readAll(files, current);
      if (found !== current) logger.info("Changed files are in use for etcd", { ...files });
      current = found;
    } catch (error) {
      logger.error("Changed files are not used for etcd", { ...files, err: messageOf(error) });
    }
    return current;
  };
}

/** @returns `before` itself when nothing is new */
function readAll(files: EtcdTlsFiles, before?: EtcdTls): EtcdTls {
  const [ca, certificate, key] = [files.ca, files.certificate, files.key].map((path) =>
    path === undefined ? undefined : readFileSync(path, "utf8"),
  );
  if (before !== undefined && before.ca === ca && before.certificate === certificate && before.key === key)
    return before;
  createSecureContext({ ca, cert: certificate, key });
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined ? {} : { certificate }),
    ...(key === undefined ? {} : { key }),
  };
}
