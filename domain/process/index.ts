export { createCatchUp } from './catch-up.ts';
export { correlationIdSchema } from './correlation-id.ts';
export { type Command, decide, type Outcome, taskKeyPrefix } from './decide.ts';
export type { DueCursor, DueProcesses } from './due-processes.ts';
export { type EndAnswer, endProcess } from './end-process.ts';
export {
  type AppendResult,
  type EventStore,
  MAX_APPEND,
  type Page,
  type PageSize,
} from './event-store.ts';
export {
  type Audit,
  CURRENT_SCHEMA_VERSION,
  EVENT_TYPES,
  type EventType,
  eventStatus,
  type FailureKind,
  isFinal,
  LOCAL_ACTOR,
  type ProcessEvent,
  type ProcessIdentity,
  type ProcessRequested,
  type StepCompleted,
  type StepFailed,
  type StoredEvent,
  unreachable,
} from './events.ts';
export { findPastState, type Moment, type PastState } from './find-past-state.ts';
export { createFindProcess, type FindProcess } from './find-process.ts';
export { type FoundProcess, foldStream } from './fold-stream.ts';
export { handleCommand } from './handle-command.ts';
export { lastRefusal } from './last-refusal.ts';
export type { Notifier } from './notifier.ts';
export { createProcessMap, type ProcessMap } from './process-map.ts';
export {
  beginOf,
  evolve,
  fold,
  isEnded,
  type ProcessState,
  type ProcessStatus,
  waitsUntil,
} from './process-state.ts';
export type {
  ProcessCursor,
  ProcessFilter,
  ProcessStore,
  UnprojectedEvent,
} from './process-store.ts';
export {
  type ProcessStream,
  processOf,
  readProcess,
  readRequest,
  requestOf,
} from './process-stream.ts';
export { publicEvent } from './public-event.ts';
export { publishOnce } from './publish-once.ts';
export { createPublishState } from './publish-state.ts';
export { hashJson, hashStart } from './request-hash.ts';
export { RESERVED_VARIABLES, reservedAmong, reservedValues } from './reserved-variables.ts';
export { type RetryAnswer, retryProcess } from './retry-process.ts';
export { startProcess } from './start-process.ts';
export { upcast, type WrittenEvent } from './upcast.ts';
export { type CallerWait, findAfterWait } from './wait-for-end.ts';
export { createWaitroom, type Waitroom } from './waitroom.ts';
