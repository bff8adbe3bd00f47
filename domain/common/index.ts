export { createBatchSize } from './batch-size.ts';
export { type Clock, DAY_MS } from './clock.ts';
export { cutText } from './cut-text.ts';
export { dateNames, withDates } from './dates.ts';
export {
  AnswerTooLargeError,
  BusinessRuleError,
  CodedError,
  EngineRefusedError,
  EngineUnavailableError,
  isTransient,
  NotifierUnavailableError,
  PersonalDataLockedError,
  SetupError,
  StoreUnavailableError,
  StreamArchivedError,
  UnreadableEventError,
  VersionConflictError,
} from './errors.ts';
export { inTime } from './in-time.ts';
export type { Json, JsonObject, Timestamp } from './json.ts';
export type { Log } from './log.ts';
export { foldName, isNcName } from './nc-name.ts';
export { createProgressLines, type ProgressLines } from './progress-lines.ts';
export { isPath, redact, replaceAt } from './redact.ts';
export { sleep } from './sleep.ts';
export {
  formatTraceparent,
  type LogIds,
  logIds,
  parseTraceparent,
  traceContextHeaders,
} from './trace-context.ts';
export { describeUnstorable, findUnstorable } from './unstorable-value.ts';
export { toStorableJson, wellFormedJson } from './well-formed-json.ts';
