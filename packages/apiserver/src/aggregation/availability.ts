/** Whether the servers behind APIServices can be reached: their `Available` condition. Source: kube-aggregator's controllers/status. */

import {
  type APIService,
  type EndpointSlice,
  endpointSlices,
  type Service,
  serviceNameLabel,
  services,
} from "@kubets/api";
import { type Clock, deepEqual, formatTime, isConflict, isNotFound, messageOf } from "@kubets/apimachinery";
import type { MetricsRegistry, NumberFamily } from "../metrics/families.ts";
import type { ObjectReader } from "../reader/object-reader.ts";
import type { InProcessTransport } from "../server/in-process.ts";
import { type Address, goErrorText } from "../webhook/index.ts";
import { apiServicesPath } from "./auto-register.ts";
import type { BackendClient } from "./backend-client.ts";
import { identityHeaders } from "./identity-headers.ts";
import type { Backend, Registrations } from "./registrations.ts";

export interface AvailabilityOptions {
  readonly registrations: Registrations;
  readonly reader: ObjectReader;
  readonly client: BackendClient;
  readonly transport: InProcessTransport;
  readonly clock: Clock;
  /** `aggregator_unavailable_apiservice_total` */
  readonly unavailable: NumberFamily;
}

/** Tells, when asked, which APIServices are unavailable. @returns what counts how often each has become so */
export function availabilityMetrics(meters: MetricsRegistry, registrations: Registrations): NumberFamily {
  const gauge = meters.gauge(
    "aggregator_unavailable_apiservice",
    "ALPHA",
    "1 for an APIService that is marked as unavailable, 0 for others, by name.",
    ["name"],
  );
  meters.collect(() => {
    gauge.clear();
    for (const { metadata, status } of registrations.all()) {
      const available = status?.conditions?.some((each) => each.type === "Available" && each.status === "True");
      gauge.with(metadata?.name ?? "").value = available ? 0 : 1;
    }
    return [];
  });
  const help = "How often APIServices were marked as unavailable, by name and reason.";
  return meters.counter("aggregator_unavailable_apiservice_total", "ALPHA", help, ["name", "reason"]);
}

interface Finding {
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
  /** Worth trying again soon, without anything having changed. */
  readonly retry?: boolean;
}

/** Who the aggregator is to those it asks. */
export const aggregatorUser = { name: "system:kube-aggregator", groups: ["system:masters"] };

const discoveryTimeoutMs = 5000;
/** As many as upstream sends; one that succeeds is enough. */
const attempts = 5;

/** Looks at one APIService and writes what it found. @returns whether to look again soon */
export async function checkAvailability(
  options: AvailabilityOptions,
  name: string,
  signal: AbortSignal,
): Promise<boolean> {
  const object = options.registrations.get(name);
  if (object === undefined) return false;
  const { spec } = object;
  if (spec?.service === undefined) {
    await record(options, object, {
      status: "True",
      reason: "Local",
      message: "Local APIServices are always available",
    });
    return false;
  }
  const backend = options.registrations.backend(spec.group ?? "", spec.version ?? "");
  if (backend === undefined) return false;
  const found = (await checkService(options, backend)) ?? (await checkDiscovery(options, backend, signal));
  if (!signal.aborted) await record(options, object, found);
  return found.retry === true;
}

/** What the objects say; undefined when nothing speaks against it. */
async function checkService({ reader }: AvailabilityOptions, backend: Backend): Promise<Finding | undefined> {
  const { namespace, name, port } = backend.service;
  const about = `service/${name} in "${namespace}"`;
  const no = (reason: string, message: string): Finding => ({ status: "False", reason, message });
  const service = await reader.get<Service>(services, namespace, name);
  if (service === undefined) return no("ServiceNotFound", `${about} is not present`);
  if ((service.spec?.type ?? "ClusterIP") !== "ClusterIP") return undefined;
  const servicePort = service.spec?.ports?.find((each) => each.port === port);
  if (servicePort === undefined) return no("ServicePortError", `${about} is not listening on port ${port}`);
  const slices = await reader.list<EndpointSlice>(endpointSlices, namespace, { [serviceNameLabel]: name });
  if (slices.length === 0) return no("EndpointsNotFound", `cannot find endpointslices for ${about}`);
  const portName = servicePort.name ?? "";
  if (slices.some((slice) => isActive(slice, portName))) return undefined;
  return no("MissingEndpoints", `endpointslices for ${about} have no addresses with port name "${portName}"`);
}

function isActive({ endpoints = [], ports = [] }: EndpointSlice, portName: string): boolean {
  const ready = endpoints.some(({ conditions }) => conditions?.ready !== false);
  return ready && ports.some(({ name = "", port }) => name === portName && port !== undefined);
}

/** Asks for the group version's discovery, which every server must answer. */
async function checkDiscovery(options: AvailabilityOptions, backend: Backend, signal: AbortSignal): Promise<Finding> {
  const first = await askOnce(options, backend, signal);
  if (first === undefined) return passed;
  const more = Array.from({ length: attempts - 1 }, () => askOnce(options, backend, signal));
  const complaints = await Promise.all(more);
  if (complaints.includes(undefined)) return passed;
  return { status: "False", reason: "FailedDiscoveryCheck", message: complaints.at(-1) ?? first, retry: true };
}

const passed: Finding = { status: "True", reason: "Passed", message: "all checks passed" };

/** Undefined when it answered as it should; else what is wrong. */
async function askOnce(
  { client, clock }: AvailabilityOptions,
  backend: Backend,
  signal: AbortSignal,
): Promise<string | undefined> {
  let address: Address;
  try {
    address = await client.address(backend);
  } catch (error) {
    return messageOf(error);
  }
  const { group, version } = backend;
  const path = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  const url = `https://${host}:${address.port}${path}`;
  const stop = new AbortController();
  const late = new Error("context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
  const timer = clock.setTimeout(() => stop.abort(late), discoveryTimeoutMs);
  const onAbort = () => stop.abort(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    const headers = { accept: "application/json", ...identityHeaders(aggregatorUser) };
    const response = await client.send(backend, address, { method: "GET", path, headers, signal: stop.signal });
    response.resume();
    const { statusCode = 0 } = response;
    if (statusCode >= 200 && statusCode < 300) return undefined;
    return `failing or missing response from ${url}: bad status from ${url}: ${statusCode}`;
  } catch (error) {
    const why = goErrorText(stop.signal.aborted ? stop.signal.reason : error);
    return `failing or missing response from ${url}: Get "${url}": ${why}`;
  } finally {
    timer.cancel();
    signal.removeEventListener("abort", onAbort);
  }
}

/** Writes the condition when it says something else than the one that is there. */
async function record(
  { transport, clock, unavailable }: AvailabilityOptions,
  object: APIService,
  found: Finding,
): Promise<void> {
  const { status, reason, message } = found;
  const conditions = object.status?.conditions ?? [];
  const before = conditions.find(({ type }) => type === "Available");
  const now = formatTime(clock.now());
  const lastTransitionTime = before?.status === status ? (before.lastTransitionTime ?? now) : now;
  const condition = { type: "Available", status, lastTransitionTime, reason, message };
  if (before !== undefined && deepEqual(before, condition)) return;
  const others = conditions.filter(({ type }) => type !== "Available");
  const body = { ...object, status: { ...object.status, conditions: [...others, condition] } };
  const path = `${apiServicesPath}/${object.metadata?.name}/status`;
  try {
    await transport.request({ method: "PUT", path, query: {}, body });
    const name = object.metadata?.name ?? "";
    if (status !== "True" && (before === undefined || before.status === "True")) unavailable.with(name, reason).value++;
  } catch (error) {
    // It has changed meanwhile, and will be looked at again for that.
    if (!isConflict(error) && !isNotFound(error)) throw error;
  }
}
