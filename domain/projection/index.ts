export type { CheckedEvent } from './check-stream.ts';
export { type CollectedProcesses, createCollectedProcesses } from './collected-processes.ts';
export { planRepair } from './plan-repair.ts';
export type { FoldedRow, ProjectedRow, RowDifference, UnreadEvent } from './projected-row.ts';
export type { Counts } from './rebuild-checkpoint.ts';
export { type Outcome, rebuildProcesses, TakenOverError } from './rebuild-processes.ts';
export type { ExclusiveTables, RebuildStore, RebuildTables } from './rebuild-store.ts';
export type { Difference, Repair, Verification } from './verification.ts';
export { type VerifyTotals, verifyProcesses } from './verify-processes.ts';
