import assert from "node:assert/strict";
import { test } from "node:test";
import { kindOf, refusesCreate, refusesUpdate } from "../testing.ts";
import { cronScheduleProblem, timeZoneProblem } from "./cron-schedule.ts";

const jobs = kindOf("batch", "jobs");
const cronJobs = kindOf("batch", "cronjobs");

const labels = {
  "controller-uid": "u",
  "job-name": "a",
  "batch.kubernetes.io/controller-uid": "u",
  "batch.kubernetes.io/job-name": "a",
};
const container = { name: "c", image: "i" };
const template = { metadata: { labels }, spec: { restartPolicy: "Never", containers: [container] } };

function job(spec: object, status?: object) {
  const selector = { matchLabels: { "batch.kubernetes.io/controller-uid": "u" } };
  return { metadata: { name: "a", uid: "u" }, spec: { selector, template, ...spec }, ...(status ? { status } : {}) };
}

const indexed = { completionMode: "Indexed", completions: 3 };
const rule = (text: object) => ({ podFailurePolicy: { rules: [text] } });
const onFailed = [{ type: "Failed" }];

refusesCreate(jobs, [
  ["a plain one", job({})],
  [
    "negative counts, and a maximum of failures without a limit of each",
    job({ parallelism: -1, maxFailedIndexes: -2, ...indexed }),
    "spec.parallelism: Invalid value: -1: must be greater than or equal to 0",
    "spec.maxFailedIndexes: Invalid value: -2: must be greater than or equal to 0",
    "spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified",
  ],
  [
    "one that another manages",
    job({ managedBy: "me" }),
    'spec.managedBy: Invalid value: "me": must be a domain-prefixed path (such as "acme.io/foo")',
  ],
  [
    "indexes without completions, and limits of indexes without indexes",
    job({ completionMode: "Indexed", parallelism: 100001 }),
    "spec.completions: Required value: when completion mode is Indexed",
    "spec.parallelism: Invalid value: 100001: must be less than or equal to 100000 when completion mode is Indexed",
  ],
  [
    "limits of indexes without indexes",
    job({ backoffLimitPerIndex: 1, maxFailedIndexes: 2 }),
    "spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode",
    "spec.maxFailedIndexes: Invalid value: 2: requires indexed completion mode",
  ],
  [
    "pods that never end, with a failure policy",
    job({
      ...rule({ action: "Odd", onPodConditions: onFailed }),
      template: { ...template, spec: { ...template.spec, restartPolicy: "OnFailure" } },
    }),
    'spec.podFailurePolicy.rules[0].action: Unsupported value: "Odd": supported values: "Count", "FailIndex", "FailJob", "Ignore"',
    'spec.template.spec.restartPolicy: Invalid value: "OnFailure": only "Never" is supported when podFailurePolicy is specified',
  ],
  [
    "exit codes",
    job(
      rule({
        action: "FailIndex",
        onExitCodes: { operator: "In", values: [2, 0, 2], containerName: "x" },
        onPodConditions: onFailed,
      }),
    ),
    'spec.podFailurePolicy.rules[0].action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set',
    'spec.podFailurePolicy.rules[0].onExitCodes.containerName: Invalid value: "x": must be one of the container or initContainer names in the pod template',
    "spec.podFailurePolicy.rules[0].onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator",
    "spec.podFailurePolicy.rules[0].onExitCodes.values[2]: Duplicate value: 2",
    "spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [2,0,2]: must be ordered",
    "spec.podFailurePolicy.rules[0]: Invalid value: specifying both OnExitCodes and OnPodConditions is not supported",
  ],
  [
    "a rule about nothing",
    job(rule({})),
    'spec.podFailurePolicy.rules[0].action: Required value: valid values: ["Count" "FailIndex" "FailJob" "Ignore"]',
    "spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required",
  ],
  [
    "a success policy of too much",
    job({
      ...indexed,
      successPolicy: { rules: [{ succeededIndexes: "0-1", succeededCount: 3 }, { succeededIndexes: "3" }, {}] },
    }),
    "spec.successPolicy.rules[0].succeededCount: Invalid value: 3: must be less than or equal to 2 (the number of indexes in the specified succeededIndexes field)",
    'spec.successPolicy.rules[1].succeededIndexes: Invalid value: "3": error parsing succeededIndexes: too large index: "3"',
    "spec.successPolicy.rules[2]: Required value: at least one of succeededCount or succeededIndexes must be specified",
  ],
  [
    "a success policy without indexes",
    job({ successPolicy: { rules: [{ succeededCount: 1 }] } }),
    'spec.successPolicy: Invalid value: {"rules":[{"succeededCount":1}]}: requires indexed completion mode',
  ],
  [
    "labels of its own making",
    job({ template: { ...template, metadata: { labels: { ...labels, "job-name": "b" } } } }),
    `spec.template.metadata.labels[job-name]: Invalid value: ${JSON.stringify({ ...labels, "job-name": "b" })}: must be 'a'`,
  ],
  [
    "pods always restarted",
    job({ template: { ...template, spec: { containers: [container] } }, podReplacementPolicy: "Odd" }),
    'spec.podReplacementPolicy: Unsupported value: "Odd": supported values: "Failed", "TerminatingOrFailed"',
    'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
  ],
]);

const elsewhere = {
  ...template,
  spec: {
    ...template.spec,
    nodeSelector: { a: "b" },
    containers: [{ ...container, resources: { requests: { cpu: "2" } } }],
  },
};

refusesUpdate(jobs, [
  ["a suspended one is placed elsewhere", job({ suspend: true }), job({ suspend: true, template: elsewhere })],
  ["a suspended one is started and placed", job({ suspend: true }), job({ suspend: false, template: elsewhere })],
  [
    "completions",
    job({ completions: 2 }),
    job({ completions: 3 }),
    "spec.completions: Invalid value: 3: field is immutable",
  ],
  ["indexes grow with parallelism", job(indexed), job({ ...indexed, completions: 4, parallelism: 4 })],
  [
    "indexes do not grow alone",
    job(indexed),
    job({ ...indexed, completions: 4, parallelism: 2 }),
    "spec.completions: Invalid value: 4: can only be modified in tandem with spec.parallelism",
  ],
  [
    "who manages it",
    job({}),
    job({ managedBy: "acme.io/x" }),
    'spec.managedBy: Invalid value: "acme.io/x": field is immutable',
  ],
]);

const condition = (...types: string[]) => types.map((type) => ({ type, status: "True" }));
const started = "2026-01-01T00:00:00Z";

refusesUpdate(
  jobs,
  [
    [
      "complete in order",
      job({}, { startTime: started, conditions: condition("SuccessCriteriaMet"), succeeded: 1 }),
      job(
        {},
        {
          startTime: started,
          completionTime: "2026-01-01T00:00:01Z",
          conditions: condition("SuccessCriteriaMet", "Complete"),
          succeeded: 1,
        },
      ),
    ],
    [
      "complete and failed at once",
      job({}, { startTime: started, succeeded: 2 }),
      job({}, { startTime: started, active: 1, succeeded: 1, conditions: condition("Complete", "Failed") }),
      "status.conditions: Invalid value: cannot set Complete=True and Failed=true conditions",
      "status.conditions: Invalid value: cannot set Failed=True condition without the FailureTarget=true condition",
      "status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition",
      "status.completionTime: Required value: completionTime is required for Complete jobs",
      "status.active: Invalid value: 1: active>0 is invalid for finished job",
      "status.succeeded: Invalid value: 1: cannot decrease the succeeded counter",
    ],
    [
      "what was over goes on",
      job({}, { startTime: started, failed: 1, conditions: condition("FailureTarget", "Failed") }),
      job({}, { startTime: started, failed: 1 }),
      "status.conditions: Invalid value: cannot disable the terminal Failed=True condition",
      "status.conditions: Invalid value: cannot disable the terminal FailureTarget=True condition",
    ],
    [
      "indexes in both lists",
      job({ ...indexed, backoffLimitPerIndex: 1 }, {}),
      job({ ...indexed, backoffLimitPerIndex: 1 }, { completedIndexes: "0,2", failedIndexes: "1-2" }),
      'status.failedIndexes: Invalid value: "1-2": failedIndexes and completedIndexes overlap at index: 2',
    ],
    [
      "more ready than there are",
      job({}, {}),
      job({}, { ready: 1 }),
      "status.ready: Invalid value: 1: cannot set more ready pods than active",
    ],
  ],
  { status: true },
);

const jobTemplate = { spec: { template: { spec: template.spec } } };
const cronJob = (spec: object) => ({ metadata: { name: "c" }, spec: { schedule: "* * * * *", jobTemplate, ...spec } });

refusesCreate(cronJobs, [
  ["a plain one", cronJob({ timeZone: "Europe/Berlin" })],
  [
    "a long name",
    { ...cronJob({}), metadata: { name: "x".repeat(53) } },
    `metadata.name: Invalid value: "${"x".repeat(53)}": must be no more than 52 characters`,
  ],
  [
    "no schedule",
    cronJob({ schedule: "", concurrencyPolicy: "Odd", startingDeadlineSeconds: -1 }),
    "spec.schedule: Required value",
    "spec.startingDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0",
    'spec.concurrencyPolicy: Unsupported value: "Odd": supported values: "Allow", "Forbid", "Replace"',
  ],
  [
    "a zone in the schedule",
    cronJob({ schedule: "TZ=UTC * * * * *", timeZone: "UTC" }),
    'spec.schedule: Invalid value: "TZ=UTC * * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
  ],
  [
    "unknown zones",
    cronJob({ timeZone: "Europe/Nowhere" }),
    'spec.timeZone: Invalid value: "Europe/Nowhere": unknown time zone Europe/Nowhere',
  ],
  [
    "the machine's own zone",
    cronJob({ timeZone: "Local" }),
    'spec.timeZone: Invalid value: "Local": timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones',
  ],
  [
    "a selector in the template",
    cronJob({ jobTemplate: { spec: { ...jobTemplate.spec, selector: {}, manualSelector: true } } }),
    "spec.jobTemplate.spec.selector: Invalid value: {}: `selector` will be auto-generated",
    'spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false"',
  ],
]);

refusesUpdate(cronJobs, [
  ["a zone that was there stays", cronJob({ schedule: "TZ=UTC * * * * *" }), cronJob({ schedule: "TZ=UTC 1 * * * *" })],
  [
    "a zone that was there, and another",
    cronJob({ schedule: "TZ=UTC * * * * *" }),
    cronJob({ schedule: "TZ=UTC * * * * *", timeZone: "UTC" }),
    'spec.schedule: Invalid value: "TZ=UTC * * * * *": cannot use both timeZone field and TZ or CRON_TZ in schedule',
  ],
]);

const schedules: [schedule: string, problem: string | undefined][] = [
  ["*/15 0-6 1,15 jan-mar mon-fri", undefined],
  ["0 0 ? * SUN", undefined],
  ["5/10 * * * *", undefined],
  ["@hourly", undefined],
  ["@every 1h30m", undefined],
  ["@every 5", 'failed to parse duration @every 5: time: missing unit in duration "5"'],
  ["@every 1d", 'failed to parse duration @every 1d: time: unknown unit "d" in duration "1d"'],
  ["@often", "unrecognized descriptor: @often"],
  ["* * * *", "expected exactly 5 fields, found 4: [* * * *]"],
  ["60 * * * *", "end of range (60) above maximum (59): 60"],
  ["* * 0 * *", "beginning of range (0) below minimum (1): 0"],
  ["5-3 * * * *", "beginning of range (5) beyond end of range (3): 5-3"],
  ["*/0 * * * *", "step of range should be a positive number: */0"],
  ["a * * * *", 'failed to parse int from a: strconv.Atoi: parsing "a": invalid syntax'],
  ["1-2-3 * * * *", "too many hyphens: 1-2-3"],
  ["1/2/3 * * * *", "too many slashes: 1/2/3"],
  ["CRON_TZ=No/Where * * * * *", "provided bad location No/Where: unknown time zone No/Where"],
];

for (const [schedule, problem] of schedules) {
  test(`schedule ${schedule}`, () => assert.equal(cronScheduleProblem(schedule), problem));
}

test("zones are known by their exact names", () => {
  for (const name of ["UTC", "Europe/Paris", "America/New_York", "Etc/GMT+3"])
    assert.equal(timeZoneProblem(name), undefined);
  for (const name of ["europe/paris", "+01:00", "Mars/Base"])
    assert.equal(timeZoneProblem(name), `unknown time zone ${name}`);
});
