/**
 * Keeps what the configuration of fair queueing promises: the mandatory and suggested objects are there, as they are here unless someone wants them
 * otherwise, and every FlowSchema says whether its level exists. Source: apiserver's apf_controller.go, registry/flowcontrol/ensurer.
 */

import {
  type FlowSchema,
  flowSchemas,
  type PriorityLevelConfiguration,
  priorityLevelConfigurations,
  type Resource,
} from "@kubets/api";
import {
  type Clock,
  deepEqual,
  formatTime,
  isAlreadyExists,
  isConflict,
  isNotFound,
  type KubeObject,
  type Logger,
  type Random,
  type Timer,
} from "@kubets/apimachinery";
import type { PolicyWriter } from "../authorization/bootstrap-policy/reconcile.ts";
import type { ChangeHandler, ObjectReader } from "../reader/object-reader.ts";
import type { InProcessTransport } from "../server/in-process.ts";
import {
  autoUpdateAnnotation,
  mandatoryLevels,
  mandatorySchemas,
  suggestedLevels,
  suggestedSchemas,
} from "./bootstrap-objects.ts";

export interface ConfigControllerOptions {
  readonly writer: PolicyWriter;
  readonly transport: InProcessTransport;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

type Configuration = FlowSchema | PriorityLevelConfiguration;

const fieldManager = "api-priority-and-fairness-config-consumer-v1";
const retryMs = 1000;

/** Makes what is missing and puts right what must be as it is here. */
export async function ensureConfiguration(writer: PolicyWriter, reader: ObjectReader): Promise<void> {
  await Promise.all([
    ensureAll(writer, reader, priorityLevelConfigurations, mandatoryLevels, suggestedLevels),
    ensureAll(writer, reader, flowSchemas, mandatorySchemas, suggestedSchemas),
  ]);
}

async function ensureAll<T extends Configuration>(
  writer: PolicyWriter,
  reader: ObjectReader,
  resource: Resource<T>,
  mandatory: readonly Configuration[],
  suggested: readonly Configuration[],
): Promise<void> {
  const found = new Map((await reader.list(resource, "")).map((object) => [nameOf(object), object]));
  const wanted = [
    ...mandatory.map((object) => ({ object: object as T, isMandatory: true })),
    ...suggested.map((object) => ({ object: object as T, isMandatory: false })),
  ];
  await Promise.all(
    wanted.map(async ({ object, isMandatory }) => {
      const name = nameOf(object);
      const present = found.get(name);
      found.delete(name);
      const next = present === undefined ? object : reconciled(present, object, isMandatory);
      // Another server, or a user, may be at it as well; the change is seen, and looked at again.
      if (present === undefined) await writer.create(resource, object).catch(unless(isAlreadyExists));
      else if (next !== undefined) await writer.update(resource, next).catch(unless(isConflict, isNotFound));
    }),
  );
  // What an older version put there, and this one no longer knows.
  for (const [name, object] of found) {
    if (object.metadata?.annotations?.[autoUpdateAnnotation] !== "true") continue;
    await writer.delete(resource, "", name).catch(unless(isNotFound));
  }
}

function unless(...expected: readonly ((error: unknown) => boolean)[]): (error: unknown) => void {
  return (error) => {
    if (!expected.some((matches) => matches(error))) throw error;
  };
}

/** What must become of an object; undefined when it is right. @internal exported for its test */
export function reconciled<T extends Configuration>(found: T, wanted: T, isMandatory: boolean): T | undefined {
  const annotation = found.metadata?.annotations?.[autoUpdateAnnotation];
  const said = annotation === "true" || annotation === "false" ? annotation === "true" : undefined;
  // Without the annotation: one whose spec nobody has changed yet is still this program's.
  const updates = isMandatory || (said ?? found.metadata?.generation === 1);
  const text = String(updates);
  // How much of the server the exempt level counts for is the cluster's business, as upstream has it.
  const exempt = isMandatory && found.spec !== undefined && "exempt" in found.spec ? { exempt: found.spec.exempt } : {};
  const spec = updates ? { ...wanted.spec, ...exempt } : found.spec;
  if (annotation === text && deepEqual(spec, found.spec)) return undefined;
  const annotations = { ...found.metadata?.annotations, [autoUpdateAnnotation]: text };
  return { ...found, metadata: { ...found.metadata, annotations }, spec } as T;
}

/** Runs until `signal` aborts; works when something has changed, and at no other time. */
export async function keepConfiguration(
  options: ConfigControllerOptions,
  reader: ObjectReader,
  signal: AbortSignal,
): Promise<void> {
  const schemas = new Map<string, FlowSchema>();
  const levels = new Map<string, PriorityLevelConfiguration>();
  let changed = true;
  let wake = () => {};
  const onChange = () => {
    changed = true;
    wake();
  };
  const following = { signal, onChange };
  await Promise.all([
    reader.subscribe(flowSchemas, mirror(schemas, following), signal),
    reader.subscribe(priorityLevelConfigurations, mirror(levels, following), signal),
  ]);
  signal.addEventListener("abort", () => wake(), { once: true });
  const tells = new RecentTells(options, onChange, signal);
  while (!signal.aborted) {
    if (!changed) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      continue;
    }
    changed = false;
    try {
      await ensureConfiguration(options.writer, reader);
      for (const schema of [...schemas.values()]) await tellWhetherDangling(options, schema, levels, tells);
    } catch (err) {
      if (signal.aborted) return;
      options.logger.warn("the configuration of fair queueing could not be kept", { err });
      changed = true;
      await options.clock.sleep(retryMs, signal).catch(() => {}); // Aborted: the loop ends.
    }
  }
}

const minuteMs = 60_000;
const mostTellsAMinute = 5;

/** Servers that disagree would write one schema's condition for ever: who has done so too often pauses. */
class RecentTells {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #again: () => void;
  readonly #signal: AbortSignal;
  #times: { readonly name: string; readonly at: number }[] = [];
  #pause: Timer | undefined;

  constructor({ clock, random }: ConfigControllerOptions, again: () => void, signal: AbortSignal) {
    this.#clock = clock;
    this.#random = random;
    this.#again = again;
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#pause?.cancel(), { once: true });
  }

  note(name: string): void {
    this.#times.push({ name, at: this.#clock.monotonic() });
  }

  areMany(name: string): boolean {
    const since = this.#clock.monotonic() - minuteMs;
    this.#times = this.#times.filter(({ at }) => at >= since);
    return this.#times.filter((each) => each.name === name).length > mostTellsAMinute;
  }

  /** For upstream's 30 to 75 seconds. */
  postpone(): void {
    if (this.#pause !== undefined || this.#signal.aborted) return;
    const ms = 30_000 + Math.floor(45 * this.#random.next()) * 1000;
    this.#pause = this.#clock.setTimeout(
      () => {
        this.#pause = undefined;
        this.#again();
      },
      ms,
      { unref: true },
    );
  }
}

function mirror<T extends Configuration>(
  objects: Map<string, T>,
  { onChange }: { onChange: () => void },
): ChangeHandler<T> {
  return {
    put(object) {
      objects.set(nameOf(object), object);
      onChange();
    },
    remove(object) {
      objects.delete(nameOf(object));
      onChange();
    },
  };
}

/** The condition that a schema should have. @internal exported for its test */
export function danglingCondition(level: string, exists: boolean) {
  const about = `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(level)}`;
  return exists
    ? { type: "Dangling", status: "False", reason: "Found", message: `${about} and it exists` }
    : { type: "Dangling", status: "True", reason: "NotFound", message: `${about} but there is no such object` };
}

async function tellWhetherDangling(
  { transport, clock }: ConfigControllerOptions,
  schema: FlowSchema,
  levels: ReadonlyMap<string, PriorityLevelConfiguration>,
  tells: RecentTells,
): Promise<void> {
  const name = nameOf(schema);
  const level = schema.spec?.priorityLevelConfiguration.name ?? "";
  const wanted = danglingCondition(level, levels.has(level));
  const present = schema.status?.conditions?.find(({ type }) => type === "Dangling");
  const { status, reason, message } = present ?? {};
  if (status === wanted.status && reason === wanted.reason && message === wanted.message) return;
  if (tells.areMany(name)) {
    tells.postpone();
    return;
  }
  tells.note(name);
  // As upstream: of what was last written, whichever part of it changed.
  const condition = { ...wanted, lastTransitionTime: formatTime(clock.now()) };
  const body = {
    apiVersion: "flowcontrol.apiserver.k8s.io/v1",
    kind: "FlowSchema",
    metadata: { name },
    status: { conditions: [condition] },
  };
  const path = `/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas/${encodeURIComponent(name)}/status`;
  const contentType = "application/apply-patch+yaml";
  const query = { fieldManager, force: "true" };
  // Gone meanwhile, or about to be looked at again.
  await transport.request({ method: "PATCH", path, query, body, contentType }).catch(unless(isNotFound, isConflict));
}

function nameOf({ metadata }: KubeObject): string {
  return metadata?.name ?? "";
}
