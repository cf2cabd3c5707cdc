import { allAdmissionPlugins, defaultAdmissionPlugins } from "@kubets/apiserver";
import type { KubeApiServerFlags } from "./flags/index.ts";

/** What is switched on and off, `--admission-control` being the old way to say both. */
export function admissionNames(flags: KubeApiServerFlags): [enable: readonly string[], disable: readonly string[]] {
  const enable = flags["enable-admission-plugins"];
  const disable = flags["disable-admission-plugins"];
  const only = flags["admission-control"];
  if (only === undefined) return [enable, disable];
  if (enable.length > 0 || disable.length > 0)
    throw new Error(
      "admission-control and enable-admission-plugins/disable-admission-plugins flags are mutually exclusive",
    );
  const unknown = only.find((name) => !allAdmissionPlugins.includes(name));
  if (unknown !== undefined) throw new Error(`admission-control plugin ${JSON.stringify(unknown)} is unknown`);
  return [only, defaultAdmissionPlugins.filter((name) => !only.includes(name))];
}
