import type { Descriptions } from "./description.ts";

const nominalConcurrencyShares =
  "The level's share of all seats for requests: shares of this level by shares of all levels. Default 30; of an exempt level 0.";
const lendablePercent =
  "How much of its seats, in percent, other levels may use while it does not need them. Default 0.";

export const flowcontrolV1: Descriptions = {
  ExemptPriorityLevelConfiguration: {
    about: "The figures of a level whose requests never wait.",
    fields: { lendablePercent, nominalConcurrencyShares },
  },
  FlowDistinguisherMethod: {
    about: "What tells the flows of a FlowSchema apart; each flow has its fair part.",
    fields: { type: "ByUser or ByNamespace." },
  },
  FlowSchema: { about: "Which requests belong together, and which priority level they have." },
  FlowSchemaCondition: {
    about: "One thing that is, or is not, so of a FlowSchema: Dangling says that its level is not there.",
  },
  FlowSchemaSpec: {
    about: "Which requests, and what becomes of them.",
    fields: {
      distinguisherMethod: "What tells flows apart. Absent: all are one flow.",
      matchingPrecedence:
        "Of several that a request fits, the one with the lowest number counts: 1 to 10000. Default 1000.",
      priorityLevelConfiguration: "The priority level they have.",
      rules: "Which requests: those that fit any of these.",
    },
  },
  FlowSchemaStatus: { about: "Whether a FlowSchema is in order." },
  GroupSubject: { about: "The users of a group.", fields: { name: "The name of the group. * is every one." } },
  LimitResponse: {
    about: "What becomes of requests for which there is no seat.",
    fields: {
      queuing: "How they wait. Only for the type Queue.",
      type: "Queue: they wait. Reject: they are refused with 429.",
    },
  },
  LimitedPriorityLevelConfiguration: {
    about: "The figures of a level whose requests are limited.",
    fields: {
      borrowingLimitPercent: "How many seats it may use of others at most, in percent of its own. Absent: no limit.",
      lendablePercent,
      limitResponse: "What becomes of requests for which there is no seat.",
      nominalConcurrencyShares,
    },
  },
  NonResourcePolicyRule: {
    about: "Requests to paths that are not of resources.",
    fields: {
      nonResourceURLs: "The paths: whole ones, or with * as the last step; * is all.",
      verbs: "What is done; * is everything.",
    },
  },
  PolicyRulesWithSubjects: {
    about: "Requests of certain users to certain resources or paths.",
    fields: { nonResourceRules: "The paths.", resourceRules: "The resources.", subjects: "The users." },
  },
  PriorityLevelConfiguration: {
    about: "How many requests of a kind are served at a time, and what becomes of the others.",
  },
  PriorityLevelConfigurationCondition: { about: "One thing that is, or is not, so of a priority level." },
  PriorityLevelConfigurationReference: { about: "A priority level.", fields: { name: "Its name." } },
  PriorityLevelConfigurationSpec: {
    about: "How requests of a level are served.",
    fields: {
      exempt: "The figures of an exempt level. Only for the type Exempt.",
      limited: "The figures of a limited level. Only for the type Limited.",
      type: "Exempt: requests never wait. Limited: they do when there are too many.",
    },
  },
  PriorityLevelConfigurationStatus: { about: "How a priority level is." },
  QueuingConfiguration: {
    about: "How requests of a level wait.",
    fields: {
      handSize:
        "Among how many queues a flow has its choice: more share better among equals, fewer keep a loud one away from the others. Default 8.",
      queueLengthLimit: "How many requests may wait in a queue. Default 50.",
      queues: "How many queues there are. Default 64.",
    },
  },
  ResourcePolicyRule: {
    about: "Requests to resources.",
    fields: {
      apiGroups: "The groups; * is all.",
      clusterScope: "Whether requests without a namespace fit. Default false.",
      namespaces: "The namespaces; * is all.",
      resources: "The resources and subresources; * is all.",
      verbs: "What is done; * is everything.",
    },
  },
  ServiceAccountSubject: {
    about: "A service account.",
    fields: { name: "Its name. * is all of the namespace.", namespace: "Its namespace." },
  },
  Subject: {
    about: "Who makes a request: kind says which of the others is set.",
    fields: {
      group: "The users of a group.",
      kind: "User, Group or ServiceAccount.",
      serviceAccount: "A service account.",
      user: "A user.",
    },
  },
  UserSubject: { about: "A user.", fields: { name: "The name. * is every one." } },
};
