import type { Descriptions } from "./description.ts";

export const batchV1: Descriptions = {
  CronJob: { about: "Makes a Job again and again, by a schedule." },
  CronJobSpec: {
    about: "When a CronJob makes Jobs, and which.",
    fields: {
      concurrencyPolicy:
        "What happens when the last Job still runs: Allow (default) starts another, Forbid leaves the turn out, Replace ends the running one.",
      failedJobsHistoryLimit: "How many failed Jobs are kept. Default 1.",
      jobTemplate: "What the Jobs are made from.",
      schedule: "When, in cron's form: minute, hour, day of month, month, day of week; or @hourly and the like.",
      startingDeadlineSeconds:
        "How many seconds late a Job may start. A turn missed by more is left out and counts as failed.",
      successfulJobsHistoryLimit: "How many successful Jobs are kept. Default 3.",
      suspend: "While true no Jobs are made; running ones go on. Default false.",
      timeZone: "The time zone of the schedule, such as Europe/Paris. By default that of the controller manager.",
    },
  },
  CronJobStatus: {
    about: "How a CronJob is, as its controller last saw it.",
    fields: {
      active: "The Jobs that run now.",
      lastScheduleTime: "When a Job was last due and made.",
      lastSuccessfulTime: "When a Job last ended successfully.",
    },
  },
  Job: { about: "Runs pods until a number of them has ended successfully." },
  JobCondition: {
    about:
      "One thing that is, or is not, so of a Job: Complete, Failed, Suspended, SuccessCriteriaMet or FailureTarget.",
  },
  JobSpec: {
    about: "What a Job runs, how often, and when it gives up.",
    fields: {
      activeDeadlineSeconds:
        "How many seconds the Job may be active before its pods are ended and it fails. Time while suspended does not count.",
      backoffLimit:
        "How many failures of pods are tried again before the Job fails. Default 6, or without a limit where backoffLimitPerIndex is set.",
      backoffLimitPerIndex:
        "How many failures of one index are tried again before that index fails. Only for Indexed Jobs whose pods are never restarted. Cannot be changed.",
      completionMode:
        "NonIndexed (default): any completions will do. Indexed: each pod has a number from 0 to completions - 1, and each number must succeed once.",
      completions:
        "How many pods must succeed. Without it, the success of any pod is the success of the Job, and parallelism may be above 1.",
      managedBy:
        "Who looks after the Job. By default, and for kubernetes.io/job-controller, the built-in controller; it leaves others alone. Cannot be changed.",
      manualSelector:
        "True when selector and the pods' labels were chosen by hand and are not made by the system. Wrongly chosen ones can hit pods of others.",
      maxFailedIndexes: "How many indexes may fail before the whole Job does. Only with backoffLimitPerIndex.",
      parallelism: "How many pods may run at a time. Default 1; 0 pauses the Job.",
      podFailurePolicy:
        "Which failures of pods end the Job, or do not count against backoffLimit. Without it every failure counts.",
      podReplacementPolicy:
        "When a pod is replaced: TerminatingOrFailed as soon as it is being deleted or has failed, Failed only when it has ended. With a podFailurePolicy only Failed.",
      selector: "Which pods belong to the Job. Normally set by the system.",
      successPolicy:
        "When an Indexed Job counts as successful before all its indexes have succeeded. Without it, not before.",
      suspend: "While true the Job has no pods: running ones are deleted, and none is made. Default false.",
      template: "What the pods are made from. Its restartPolicy must be Never or OnFailure.",
      ttlSecondsAfterFinished: "How many seconds after its end the Job is deleted. Without it, it stays.",
    },
  },
  JobStatus: {
    about: "How a Job is, as its controller last saw it.",
    fields: {
      active: "How many pods are waiting or running, those being deleted aside.",
      completedIndexes: "The indexes that have succeeded, such as 1,3-5,7. Only for Indexed Jobs.",
      completionTime: "When the Job ended successfully.",
      conditions: "What is so of the Job: how it ended, or that it is suspended.",
      failed: "How many pods have failed.",
      failedIndexes: "The indexes that have failed, such as 1,3-5. Only with backoffLimitPerIndex.",
      ready: "How many of the active pods are ready.",
      startTime: "When the controller began with the Job, or began again after it was suspended.",
      succeeded: "How many pods have succeeded.",
      terminating: "How many pods are being deleted and have not ended.",
      uncountedTerminatedPods: "Pods that have ended and are not in the counts yet: the controller's own bookkeeping.",
    },
  },
  JobTemplateSpec: {
    about: "What Jobs are made from.",
    fields: { metadata: "Labels and annotations of the Jobs.", spec: "How the Jobs are to be." },
  },
  PodFailurePolicy: {
    about: "What is done about failures of a Job's pods.",
    fields: {
      rules:
        "The rules, in order: the first that fits a failure decides. A failure that none fits counts against backoffLimit. At most 20.",
    },
  },
  PodFailurePolicyOnExitCodesRequirement: {
    about: "Which exit codes of containers a rule is for.",
    fields: {
      containerName: "The container it is about. Without it, all containers.",
      operator: "In: an exit code is among the values. NotIn: an exit code is not. Success, 0, never fits.",
      values: "The exit codes, up to 255 of them, each once. 0 is not allowed with In.",
    },
  },
  PodFailurePolicyOnPodConditionsPattern: {
    about: "A condition of a pod that a rule is for.",
    fields: { status: "The status that the condition must have. Default True.", type: "The type of the condition." },
  },
  PodFailurePolicyRule: {
    about: "What is done about some failures of pods: by exit code or by condition, one of the two.",
    fields: {
      action:
        "FailJob ends the Job as failed; FailIndex ends the index; Ignore does not count the failure; Count counts it as usual.",
      onExitCodes: "Which exit codes the rule is for.",
      onPodConditions: "Which conditions of pods the rule is for: it fits when the pod has any of them. At most 20.",
    },
  },
  SuccessPolicy: {
    about: "When a Job counts as successful before all its indexes have succeeded.",
    fields: { rules: "The rules: the first that is met decides, the remaining pods are ended. At most 20." },
  },
  SuccessPolicyRule: {
    about: "Which indexes must have succeeded, or how many, or how many of which.",
    fields: {
      succeededCount: "How many indexes must have succeeded: of succeededIndexes where those are given, else of all.",
      succeededIndexes:
        "The indexes that must have succeeded, such as 0,2-4: all of them, unless succeededCount asks for fewer.",
    },
  },
  UncountedTerminatedPods: {
    about: "UIDs of pods that have ended and are not in a Job's counts yet.",
    fields: { failed: "Those that failed.", succeeded: "Those that succeeded." },
  },
};
