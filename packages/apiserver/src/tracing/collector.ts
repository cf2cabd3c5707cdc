/** Where traces are sent: an OpenTelemetry collector, by OTLP over gRPC without TLS. */

import { hostname } from "node:os";
import type { Clock, Logger, Random } from "@kubets/apimachinery";
import { identityOf } from "../services/identity-lease.ts";
import type { TracingConfiguration } from "./configuration.ts";
import { Tracer } from "./tracer.ts";

export interface TracingMeans {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** What tells this server from others of the cluster. Default the machine's name. */
  readonly host?: string | undefined;
}

/** OTLP's own. */
const defaultEndpoint = "localhost:4317";
const exportMethod = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const deadlineMs = 5000;

/** Connects at the first export, and again by itself. */
export async function tracerFor(config: TracingConfiguration, means: TracingMeans): Promise<Tracer> {
  const { clock, host = hostname() } = means;
  const { Client, credentials } = await import("@grpc/grpc-js");
  const client = new Client(config.endpoint ?? defaultEndpoint, credentials.createInsecure());
  const same = (bytes: Buffer) => bytes;
  const send = (request: Buffer): Promise<void> =>
    new Promise((resolve, reject) => {
      const deadline = clock.now() + deadlineMs;
      client.makeUnaryRequest(exportMethod, same, same, request, { deadline }, (error) =>
        error === null ? resolve() : reject(error),
      );
    });
  return new Tracer({
    ...means,
    samplingRatePerMillion: config.samplingRatePerMillion ?? 0,
    resource: { "service.name": "apiserver", "service.instance.id": identityOf(host) },
    send,
  });
}
