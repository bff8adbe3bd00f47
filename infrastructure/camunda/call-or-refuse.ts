import { setTimeout as sleep } from 'node:timers/promises';
import { EngineRefusedError } from '../../domain/common/index.ts';
import { EngineExceptionError } from './engine-answers.ts';

interface CallPolicy {
  /** Makes a call that always works: rejects with EngineUnavailableError when the engine does not. */
  probe(): Promise<unknown>;
  /** Milliseconds before the second attempt; doubled before each later one. */
  delayMs?: number;
  /** Which failures are worth another attempt; left out: the engine's own exceptions, after which nothing is done. */
  isRepeatable?(error: unknown): boolean;
}

/** Attempts before the engine is probed. */
const ATTEMPTS = 5;

/**
 * Makes a call, and distinguishes a call that the engine can never do (an expression in the model that fails, a value
 * that its database does not take) from an engine in trouble: both are answered 500. An exception in
 * every attempt, and once more after the engine has shown that it works, is a refusal.
 *
 * @throws EngineRefusedError with the engine's reason
 * @throws EngineUnavailableError when the engine shows no sign of life, or cannot be reached
 */
export async function callOrRefuse<T>(call: () => Promise<T>, policy: CallPolicy): Promise<T> {
  const { probe, delayMs = 100, isRepeatable = isException } = policy;
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      if (!isRepeatable(error)) throw error;
      if (attempt >= ATTEMPTS) {
        if (!isException(error) || error.isConflict) throw error;
        break;
      }
      await sleep(delayMs * 2 ** (attempt - 1));
    }
  }
  await probe();
  try {
    return await call();
  } catch (error) {
    if (!isException(error) || error.isConflict) throw error;
    throw new EngineRefusedError(error.httpStatus, error.reason, { cause: error });
  }
}

function isException(error: unknown): error is EngineExceptionError {
  return error instanceof EngineExceptionError;
}
