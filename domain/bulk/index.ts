export { type ActPorts, actOnProcess } from './act-on-process.ts';
export {
  BULK_ACTIONS,
  BULK_STATUSES,
  type BulkAction,
  type BulkFailure,
  type BulkProgress,
  type BulkRequest,
  type BulkResult,
  type BulkRun,
  type BulkStatus,
  type BulkStore,
  type Collected,
  STATUS_FOR,
} from './bulk-run.ts';
export { type BulkAnswer, type BulkRuns, createBulkRuns } from './bulk-runs.ts';
export { type RunBulkPorts, runBulk } from './run-bulk.ts';
