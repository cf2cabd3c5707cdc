/** `--tracing-config-file`: a TracingConfiguration. Source: component-base's tracing/api/v1. */

import { type FieldError, invalidValue, path } from "@kubets/apimachinery";
import { aggregate, decodeConfig, text } from "../configuration/config-object.ts";

/** Where traces are sent, and how many requests begin one. */
export interface TracingConfiguration {
  /** Of an OTLP collector, by gRPC's names of targets, without TLS. Default localhost:4317. */
  readonly endpoint?: string;
  /** Of a million requests that belong to no trace yet, how many begin one. Default none. */
  readonly samplingRatePerMillion?: number;
}

const kind = {
  group: "apiserver.k8s.io",
  kind: "TracingConfiguration",
  versions: ["v1", "v1beta1", "v1alpha1"],
  fields: { endpoint: text, samplingRatePerMillion: { type: "integer", format: "int32" } },
} as const;

/** @throws Error in upstream's words */
export async function readTracingConfiguration(content: string): Promise<TracingConfiguration> {
  let config: TracingConfiguration;
  try {
    config = await decodeConfig<TracingConfiguration>(content, kind);
  } catch (cause) {
    const why = `unable to decode tracing configuration data: ${(cause as Error).message}`;
    throw new Error(`failed to read tracing config: ${why}`, { cause });
  }
  const errors = [...rateErrors(config.samplingRatePerMillion), ...endpointErrors(config.endpoint)];
  if (errors.length > 0) throw new Error(`failed to validate tracing configuration: ${aggregate(errors)}`);
  return config;
}

function rateErrors(rate: number | undefined): FieldError[] {
  const at = path("samplingRatePerMillion");
  if (rate === undefined || (rate >= 0 && rate <= 1_000_000)) return [];
  if (rate < 0) return [invalidValue(at, rate, "sampling rate must be positive")];
  return [invalidValue(at, rate, "sampling rate per million must be less than or equal to one million")];
}

function endpointErrors(endpoint: string | undefined): FieldError[] {
  if (endpoint === undefined) return [];
  const [, scheme = "dns"] = /^([a-z][a-z0-9+.-]*):\/\//i.exec(endpoint) ?? [];
  if (["dns", "unix", "unix-abstract"].includes(scheme)) return [];
  const why = `unsupported scheme: ${scheme}.  Options are none, dns, unix, or unix-abstract.  See https://github.com/grpc/grpc/blob/master/doc/naming.md`;
  return [invalidValue(path("endpoint"), endpoint, why)];
}
