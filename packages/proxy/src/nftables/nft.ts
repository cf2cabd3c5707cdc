/** Runs the `nft` program: one script, one transaction. */

import { spawn } from "node:child_process";

/** The message is nft's own, with the line it did not take. */
export class NftError extends Error {}

/**
 * Applies a script atomically.
 * @throws NftError with nft's own words when it refuses: nothing was changed.
 */
export function nft(script: string, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn("nft", ["-f", "-"], {
      stdio: ["pipe", "ignore", "pipe"],
      ...(signal === undefined ? {} : { signal }),
    });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => {
      if (stderr.length < 4096) stderr += chunk.toString();
    });
    child.on("error", (cause: NodeJS.ErrnoException) =>
      reject(
        cause.code === "ENOENT" ? new NftError("nft is not installed (Debian package nftables)", { cause }) : cause,
      ),
    );
    child.on("close", (code) =>
      code === 0 ? resolve() : reject(new NftError(`nft exited with ${code}: ${stderr.trim()}`)),
    );
    child.stdin.on("error", () => {}); // nft died before it read everything: its exit tells why.
    child.stdin.end(script);
  });
}
