/** What `kubectl version` is told. */

import { type Answer, value } from "../request/request.ts";
import type { Call } from "./context.ts";
import { methodNotAllowed } from "./errors.ts";

/** The version of Kubernetes that this is, as clients compare it with their own. */
export const gitVersion = "v1.36.0";

export function versionInfo(): object {
  return {
    major: "1",
    minor: "36",
    emulationMajor: "1",
    emulationMinor: "36",
    minCompatibilityMajor: "1",
    minCompatibilityMinor: "35",
    gitVersion,
    gitCommit: "",
    gitTreeState: "clean",
    buildDate: "1970-01-01T00:00:00Z",
    goVersion: "",
    compiler: `node ${process.version}`,
    platform: `${process.platform}/${process.arch === "x64" ? "amd64" : process.arch}`,
  };
}

/** `/version`; undefined for any other path. @throws StatusError 405 */
export function answerVersion({ info }: Call): Answer | undefined {
  if (info.path !== "/version" && info.path !== "/version/") return undefined;
  if (info.verb !== "get" && info.verb !== "head") throw methodNotAllowed();
  return value(200, versionInfo());
}
