/** MutatingWebhookConfiguration and ValidatingWebhookConfiguration. */

import { ageColumn, column, nameColumn } from "../columns.ts";
import { define } from "../define.ts";
import type {
  MutatingWebhook,
  MutatingWebhookConfiguration,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from "../generated/types.ts";
import { specStrategy } from "../strategy.ts";
import { validateWebhooks, validateWebhooksUpdate } from "./webhook-validation.ts";

const group = "admissionregistration.k8s.io";

function setWebhookDefaults(webhook: ValidatingWebhook | MutatingWebhook): void {
  webhook.failurePolicy ??= "Fail";
  webhook.matchPolicy ??= "Equivalent";
  webhook.namespaceSelector ??= {};
  webhook.objectSelector ??= {};
  webhook.timeoutSeconds ??= 10;
  for (const rule of webhook.rules ?? []) rule.scope ??= "*";
  if (webhook.clientConfig?.service !== undefined) webhook.clientConfig.service.port ??= 443;
}

type Configuration = MutatingWebhookConfiguration | ValidatingWebhookConfiguration;

const columns = [
  nameColumn,
  column("Webhooks", (configuration: Configuration) => configuration.webhooks?.length ?? 0, { type: "integer" }),
  ageColumn,
];

const categories = ["api-extensions"];
const options = { status: false, generationOf: ["webhooks"] } as const;

export const mutatingWebhookConfigurationDefinition = define<MutatingWebhookConfiguration>(
  group,
  "v1",
  "mutatingwebhookconfigurations",
  {
    categories,
    strategy: specStrategy<MutatingWebhookConfiguration>(
      {
        setDefaults(configuration) {
          for (const webhook of configuration.webhooks ?? []) {
            setWebhookDefaults(webhook);
            webhook.reinvocationPolicy ??= "Never";
          }
        },
        validate: (configuration) => validateWebhooks(configuration),
        validateUpdate: (configuration, old) => validateWebhooksUpdate(configuration, old),
        allowUnconditionalUpdate: false,
      },
      options,
    ),
    columns,
  },
);

export const validatingWebhookConfigurationDefinition = define<ValidatingWebhookConfiguration>(
  group,
  "v1",
  "validatingwebhookconfigurations",
  {
    categories,
    strategy: specStrategy<ValidatingWebhookConfiguration>(
      {
        setDefaults(configuration) {
          for (const webhook of configuration.webhooks ?? []) setWebhookDefaults(webhook);
        },
        validate: (configuration) => validateWebhooks(configuration),
        validateUpdate: (configuration, old) => validateWebhooksUpdate(configuration, old),
        allowUnconditionalUpdate: false,
      },
      options,
    ),
    columns,
  },
);
