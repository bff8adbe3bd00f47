/** Base of the errors that cross a boundary: `code` is stable, `message` is for people. */
export abstract class CodedError extends Error {
  abstract readonly code: string;
  override get name(): string {
    return this.constructor.name;
  }
}

/** Another append came first: the stream is not at the expected version any more. */
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

/** An archived process cannot be retried; nothing was written. */
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

/** A rule of the process refuses the request: becomes a BPMN error and is never retried. */
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
  constructor(readonly maxParts: number) {
    super(`an answer has at most ${maxParts} parts`);
  }
}

/** The database cannot be reached or cannot take the write now. */
export class StoreUnavailableError extends CodedError {
  readonly code = 'STORE_UNAVAILABLE';
  /**
   * `unknown`: the connection was lost after a write was sent, and the database has not yet said whether it
   * committed. The stream is `correlationId`.
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
 * The key of a process's personal data is encrypted with a master key that this instance does not have. Jobs
 * wait as in an outage until an operator configures the key.
 */
export class PersonalDataLockedError extends StoreUnavailableError {
  constructor(correlationId: string, masterKey: string) {
    super(
      `the personal data of ${correlationId} is locked: PERSONAL_DATA_KEY does not hold the master key ${masterKey}`,
      { correlationId },
    );
  }
}

/** The process engine cannot be reached or fails itself; trying again later makes sense. */
export class EngineUnavailableError extends CodedError {
  readonly code = 'ENGINE_UNAVAILABLE';
  /** `unknown`: the call was sent, but no answer came, so the engine may have done it. */
  readonly outcome: 'nothing-done' | 'unknown';
  constructor(
    message: string,
    options: ErrorOptions & { outcome?: EngineUnavailableError['outcome'] } = {},
  ) {
    super(message, options);
    this.outcome = options.outcome ?? 'nothing-done';
  }
}

/** The other service instances could not be notified of a state; trying again later makes sense. */
export class NotifierUnavailableError extends CodedError {
  readonly code = 'NOTIFIER_UNAVAILABLE';
}

/** Codes of errors that may go away by themselves. Whether a job counts an attempt depends on these alone. */
const TRANSIENT: readonly unknown[] = [
  'STORE_UNAVAILABLE',
  'ENGINE_UNAVAILABLE',
  'NOTIFIER_UNAVAILABLE',
  // Another append came first.
  'VERSION_CONFLICT',
];

/** Whether the same work may succeed later although nobody changes anything. */
export function isTransient(error: unknown): boolean {
  return error instanceof CodedError && TRANSIENT.includes(error.code);
}

/** The engine understood the call and refused it; sending the same call again makes no sense. */
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

/** The service cannot start; the message is one line that names what to change. */
export class SetupError extends CodedError {
  readonly code = 'SETUP';
}
