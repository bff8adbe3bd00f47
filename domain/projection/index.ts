export {
  type Difference,
  type DifferenceKind,
  type LookResult,
  REPAIRABLE,
  type Verification,
  type VerifiedPage,
  type VerifyFilter,
} from './verification.ts';
export { type VerifyTotals, verifyProcesses } from './verify-processes.ts';
