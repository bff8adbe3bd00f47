/** Base of the errors that cross a boundary: `code` is stable, `message` is for people. */
export abstract class CodedError extends Error {
  abstract readonly code: string;
  override get name(): string {
    return this.constructor.name;
  }
}

/** The stream has moved on since it was read. */
export class VersionConflictError extends CodedError {
  readonly code = 'VERSION_CONFLICT';
  constructor(
    readonly correlationId: string,
    readonly expectedVersion: number,
    readonly actualVersion: number,
  ) {
    super(
      `stream ${correlationId} is at version ${actualVersion}, not at the expected ${expectedVersion}`,
    );
  }
}

/** The process is archived, and nothing begins anew in the archive; nothing was written. */
export class StreamArchivedError extends CodedError {
  readonly code = 'STREAM_ARCHIVED';
  constructor(readonly correlationId: string) {
    super(`process ${correlationId} is archived and cannot be retried`);
  }
}

/** An event was written by newer code; upgrade this instance. */
export class UnreadableEventError extends CodedError {
  readonly code = 'UNREADABLE_EVENT';
  constructor(correlationId: string, version: number, schemaVersion: number) {
    super(
      `event ${version} of ${correlationId} has schema version ${schemaVersion}, written by a newer release than this one`,
    );
  }
}

/** Marks the errors of all copies of this module: code that is bundled with a process brings its own. */
const BUSINESS_RULE = Symbol.for('fastify-camunda.BusinessRuleError');

/** A rule of the process says no: becomes a BPMN error, is never retried. */
export class BusinessRuleError extends CodedError {
  readonly [BUSINESS_RULE] = true;

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && BUSINESS_RULE in value;
  }

  /**
   * @param code the errorCode of the BPMN boundary event, for example `BACKGROUND_CHECK_REFUSED`
   * @param message for the caller; must hold no secret
   */
  constructor(
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** An answer would have more parts than there is memory for. */
export class AnswerTooLargeError extends CodedError {
  readonly code = 'ANSWER_TOO_LARGE';
  constructor(readonly most: number) {
    super(`an answer has at most ${most} parts`);
  }
}

/** The database cannot be reached or cannot take the write now. */
export class StoreUnavailableError extends CodedError {
  readonly code = 'STORE_UNAVAILABLE';
  /**
   * `unknown`: the connection was lost after a write had been sent and the database could not be asked
   * since whether it was done. The stream is `correlationId`.
   */
  readonly outcome: 'nothing-written' | 'unknown';
  readonly correlationId: string | undefined;
  constructor(
    message: string,
    options: ErrorOptions & {
      outcome?: StoreUnavailableError['outcome'];
      correlationId?: string;
    } = {},
  ) {
    super(message, options);
    this.outcome = options.outcome ?? 'nothing-written';
    this.correlationId = options.correlationId;
  }
}

/**
 * The key of a process's personal data is wrapped by a master key that this instance does not have. Waits like
 * an outage until somebody gives it the key: what was done is not lost meanwhile.
 */
export class PersonalDataLockedError extends StoreUnavailableError {
  constructor(correlationId: string, masterKey: string) {
    super(
      `the personal data of ${correlationId} is locked: PERSONAL_DATA_KEY does not hold the master key ${masterKey}`,
      { correlationId },
    );
  }
}

/** The process engine cannot be reached or is in trouble; trying again later makes sense. */
export class EngineUnavailableError extends CodedError {
  readonly code = 'ENGINE_UNAVAILABLE';
  /** `unknown`: the call was sent, and no answer says whether the engine has done it. */
  readonly outcome: 'nothing-done' | 'unknown';
  constructor(
    message: string,
    options: ErrorOptions & { outcome?: EngineUnavailableError['outcome'] } = {},
  ) {
    super(message, options);
    this.outcome = options.outcome ?? 'nothing-done';
  }
}

/** Other instances could not be told of a state; trying again later makes sense. */
export class NotifierUnavailableError extends CodedError {
  readonly code = 'NOTIFIER_UNAVAILABLE';
}

/** Codes of errors that pass by themselves: what a job does next depends on nothing else. */
const PASSING: readonly unknown[] = [
  'STORE_UNAVAILABLE',
  'ENGINE_UNAVAILABLE',
  'NOTIFIER_UNAVAILABLE',
  // Somebody else wrote at the same moment.
  'VERSION_CONFLICT',
];

/** Whether the same work may succeed later without anybody changing anything. */
export function mayPass(error: unknown): boolean {
  return error instanceof CodedError && PASSING.includes(error.code);
}

/** The engine understood the call and refused it; trying again as it is makes no sense. */
export class EngineRefusedError extends CodedError {
  readonly code = 'ENGINE_REFUSED';
  constructor(
    readonly httpStatus: number,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Something the service needs at its start is wrong; one line, naming what to change. */
export class SetupError extends CodedError {
  readonly code = 'SETUP';
}
