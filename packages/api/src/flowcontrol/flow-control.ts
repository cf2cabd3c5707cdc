/** FlowSchema and PriorityLevelConfiguration: how requests queue. */

import { ageColumn, column, nameColumn } from "../columns.ts";
import { define } from "../define.ts";
import type { FlowSchema, PriorityLevelConfiguration } from "../generated/types.ts";
import { specStrategy, statusStrategy } from "../strategy.ts";
import { validateConditions, validateFlowSchema, validatePriorityLevel } from "./validation.ts";

const group = "flowcontrol.apiserver.k8s.io";
const none = "<none>";

function missingLevelText(schema: FlowSchema): string {
  return schema.status?.conditions?.find((condition) => condition.type === "Dangling")?.status ?? "?";
}

export const flowSchemaDefinition = define<FlowSchema>(group, "v1", "flowschemas", {
  strategy: specStrategy<FlowSchema>({
    setDefaults({ spec }) {
      if (spec !== undefined) spec.matchingPrecedence ||= 1000;
    },
    validate: validateFlowSchema,
    validateUpdate: validateFlowSchema,
    allowUnconditionalUpdate: false,
  }),
  status: statusStrategy<FlowSchema>({ keepsMetadata: true, validate: ({ status }) => validateConditions(status) }),
  columns: [
    nameColumn,
    column("PriorityLevel", (schema: FlowSchema) => schema.spec?.priorityLevelConfiguration?.name ?? ""),
    column("MatchingPrecedence", (schema: FlowSchema) => schema.spec?.matchingPrecedence ?? 0),
    column("DistinguisherMethod", (schema: FlowSchema) => schema.spec?.distinguisherMethod?.type ?? none),
    ageColumn,
    column("MissingPL", missingLevelText),
  ],
});

type Level = PriorityLevelConfiguration;

function setLevelDefaults({ spec }: Level): void {
  if (spec?.exempt !== undefined) {
    spec.exempt.nominalConcurrencyShares ??= 0;
    spec.exempt.lendablePercent ??= 0;
  }
  if (spec?.limited === undefined) return;
  spec.limited.nominalConcurrencyShares ??= 30;
  spec.limited.lendablePercent ??= 0;
  const queuing = spec.limited.limitResponse?.queuing;
  if (queuing === undefined) return;
  queuing.handSize ||= 8;
  queuing.queues ||= 64;
  queuing.queueLengthLimit ||= 50;
}

function queuingCell(field: "queues" | "handSize" | "queueLengthLimit") {
  return (level: Level) => level.spec?.limited?.limitResponse?.queuing?.[field] ?? none;
}

export const priorityLevelConfigurationDefinition = define<Level>(group, "v1", "prioritylevelconfigurations", {
  strategy: specStrategy<Level>({
    setDefaults: setLevelDefaults,
    validate: validatePriorityLevel,
    validateUpdate: validatePriorityLevel,
    allowUnconditionalUpdate: false,
  }),
  status: statusStrategy<Level>({ keepsMetadata: true, validate: ({ status }) => validateConditions(status) }),
  columns: [
    nameColumn,
    column("Type", (level: Level) => level.spec?.type ?? ""),
    column("NominalConcurrencyShares", (level: Level) => level.spec?.limited?.nominalConcurrencyShares ?? none),
    column("Queues", queuingCell("queues")),
    column("HandSize", queuingCell("handSize")),
    column("QueueLengthLimit", queuingCell("queueLengthLimit")),
    ageColumn,
  ],
});
