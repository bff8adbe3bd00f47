export type { DeadLetter, DeadLetterCursor, DeadLetters } from './dead-letters.ts';
export { MAX_COUNTED_ROWS, maxHidden, type Outbox, type OutboxRow } from './outbox.ts';
export {
  type Delivery,
  JOB_NAMES,
  type Job,
  type JobHandler,
  type JobHandlers,
  type JobName,
  type Queue,
  type Schedule,
  type TimedJobHandler,
  type TimedJobName,
} from './queue.ts';
export {
  backoffAfter,
  jobIds,
  POLICIES,
  type QueueLog,
  type RetryPolicy,
} from './retry-policies.ts';
export { checkSchedule, nextTime } from './schedule.ts';
