import type { FlagSpecs } from "../../lib/flags.ts";

export const admission = {
  "admission-control": {
    type: "strings",
    help: "the plugins that run, instead of the default ones",
    deprecated: "use --enable-admission-plugins or --disable-admission-plugins",
  },
  "admission-control-config-file": {
    type: "string",
    value: "FILE",
    help: "an AdmissionConfiguration, with the plugins' own configurations",
  },
  "disable-admission-plugins": { type: "strings", help: "default plugins that do not run", default: [] },
  "enable-admission-plugins": {
    type: "strings",
    help: "plugins that run beside the default ones; their order is fixed",
    default: [],
  },
} as const satisfies FlagSpecs;
