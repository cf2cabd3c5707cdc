/** Event in events.k8s.io/v1: the same objects as core/v1's under other names, with stricter rules for writers. */

import { eventColumns, eventFields } from "../core/event.ts";
import { validateEvent, validateStrict, validateStrictUpdate } from "../core/event-validation.ts";
import { define } from "../define.ts";
import type { EventsEvent } from "../generated/types.ts";
import { eventToCore, eventToEvents } from "./conversion.ts";

export const eventsEventDefinition = define<EventsEvent>("events.k8s.io", "v1", "events", {
  shortNames: ["ev"],
  stored: { group: "", version: "v1", convert: { toStored: eventToCore, fromStored: eventToEvents } },
  strategy: {
    validate(event) {
      const core = eventToCore(event);
      return [...validateEvent(core, "reportingController"), ...validateStrict(core)];
    },
    validateUpdate(event, old) {
      const core = eventToCore(event);
      return [...validateEvent(core, "reportingController"), ...validateStrictUpdate(core, eventToCore(old))];
    },
    allowCreateOnUpdate: true,
  },
  selectableFields: Object.fromEntries(
    Object.entries({
      ...eventFields("regarding"),
      reportingController: (event: ReturnType<typeof eventToCore>) => event.reportingComponent ?? "",
    }).map(([name, value]) => [name, (event: EventsEvent) => value(eventToCore(event))]),
  ),
  columns: eventColumns.map((column) => ({
    ...column,
    value: (event: EventsEvent, context: { readonly now: number }) => column.value(eventToCore(event), context),
  })),
});
