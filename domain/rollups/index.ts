export {
  type Analysis,
  type Analytics,
  PROCESS_EVENT_TYPES,
  type ProcessQuestion,
  STEP_GROUPS,
  type StepGrouping,
  type StepQuestion,
  type Tally,
} from './analytics.ts';
export {
  BUCKETS,
  type Bucket,
  boundsOf,
  countBuckets,
  isoIn,
  isTimeZone,
  longestRange,
  MAX_POINTS,
} from './buckets.ts';
export {
  createHistogramSum,
  decodeHistogram,
  encodeHistogram,
  exactPercentiles,
  type Histogram,
  mergeInto,
  percentiles,
} from './histogram.ts';
export { durationsOf, ENDS, endOf, type Flow, flows, largestGroups, stepNumbers } from './lines.ts';
export { rebuildRollups, removeReplaced } from './rebuild-rollups.ts';
export {
  findSlowProcesses,
  MAX_SLOW,
  reportStuckProcesses,
  type SlowReport,
  STALLED_AFTER_MS,
} from './report-stuck-processes.ts';
export {
  add,
  DAY_IN_MINUTES,
  type Measures,
  PROCESS_EVENTS,
  PROCESS_GRAINS,
  type ProcessDelta,
  processSums,
  type RollupEvent,
  STEP_GRAINS,
  type StepDelta,
  type StepGroup,
  shortMessage,
  stepSums,
} from './rollup.ts';
export { addPage, rollupEvents } from './rollup-events.ts';
export { type RollupLag, rollupLag } from './rollup-lag.ts';
export { groupKey, limitMessages, OTHER_KEY } from './rollup-messages.ts';
export type {
  NewRollups,
  RollupBatch,
  RollupCheck,
  RollupCount,
  RollupSource,
  RollupState,
  RollupStore,
} from './rollups.ts';
export {
  type Found,
  MAX_PENDING,
  type RetryingStep,
  type SlowProcess,
  type StuckFilter,
  type StuckProcesses,
} from './stuck-processes.ts';
export { type RollupDifference, type VerifiedRollups, verifyRollups } from './verify-rollups.ts';
