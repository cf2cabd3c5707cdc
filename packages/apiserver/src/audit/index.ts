export { Auditing } from "./auditing.ts";
export {
  type AuditFlags,
  type AuditLogOptions,
  type AuditMode,
  type AuditOptions,
  type AuditWebhookOptions,
  auditFlagProblems,
  auditOptions,
} from "./options.ts";
export type { RequestAudit } from "./request-audit.ts";
