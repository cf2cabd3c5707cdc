import type { Descriptions } from "./description.ts";

const deprecated = "As in events of the core group. No longer filled in by what reports in this form.";

export const eventsV1: Descriptions = {
  Event: {
    about: "Something that happened, reported by a part of the system. Kept for a limited time; not to be relied on.",
    fields: {
      action: "What was done, in a word for machines.",
      deprecatedCount: deprecated,
      deprecatedFirstTimestamp: deprecated,
      deprecatedLastTimestamp: deprecated,
      deprecatedSource: deprecated,
      eventTime: "When it was first seen.",
      note: "What happened, for people. At most 1 kB.",
      reason: "Why, in a word for machines.",
      regarding: "The object it is about.",
      related: "A second object that has to do with it.",
      reportingController: "Which controller reports it, such as kubernetes.io/kubelet.",
      reportingInstance: "Which instance of it.",
      series: "How often it has happened, when it did more than once.",
      type: "Normal or Warning.",
    },
  },
  EventSeries: {
    about: "A thing that happens again and again.",
    fields: { count: "How often so far.", lastObservedTime: "When last." },
  },
};
