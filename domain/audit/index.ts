export {
  AUDIT_ACTIONS,
  AUDIT_OUTCOMES,
  type AuditAction,
  type AuditDetails,
  type AuditDifference,
  type AuditEntry,
  type AuditFilter,
  type AuditLog,
  type AuditOutcome,
  type NewAuditEntry,
} from './audit-log.ts';
export { type Act, type ActEnd, audited, SERVICE_ACTOR } from './audited.ts';
