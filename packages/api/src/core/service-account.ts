/** ServiceAccount: of the secrets it lists only the names count. */

import { ageColumn, column, nameColumn } from "../columns.ts";
import { define } from "../define.ts";
import type { ServiceAccount } from "../generated/types.ts";

function keepSecretNames(account: ServiceAccount): void {
  if (account.secrets === undefined) return;
  account.secrets = account.secrets.map(({ name }) => (name === undefined ? {} : { name }));
}

export const serviceAccountDefinition = define<ServiceAccount>("", "v1", "serviceaccounts", {
  shortNames: ["sa"],
  strategy: { prepareForCreate: keepSecretNames, prepareForUpdate: keepSecretNames },
  columns: [nameColumn, column("Secrets", (account: ServiceAccount) => (account.secrets ?? []).length), ageColumn],
});
