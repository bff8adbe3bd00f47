import {
  cutText,
  EngineRefusedError,
  EngineUnavailableError,
  StoreUnavailableError,
} from '../../domain/common/index.ts';
import { BadRequest } from './typed-value.ts';

/** UTF-16 units of a reason that are kept. */
const MAX_REASON = 1_000;

/**
 * Makes one call of the embedded engine, whose errors become those of the engine port. The engine decides the same
 * every time it is asked, so what it does not take is refused at once.
 *
 * @throws EngineRefusedError with the engine's reason
 * @throws EngineUnavailableError when its file cannot be read or written
 */
export async function callDirectly<T>(call: () => Promise<T> | T): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw portErrorOf(error);
  }
}

function portErrorOf(error: unknown): unknown {
  if (error instanceof BadRequest) {
    return new EngineRefusedError(error.status, cutText(error.message, MAX_REASON), {
      cause: error,
    });
  }
  const { code } = (error ?? {}) as { code?: unknown };
  const isFileTrouble = typeof code === 'string' && code.startsWith('SQLITE_');
  if (!isFileTrouble && !(error instanceof StoreUnavailableError)) return error;
  return new EngineUnavailableError(`the embedded engine: ${(error as Error).message}`, {
    cause: error,
  });
}

/** Null when the engine does not know what was asked for. */
export async function unlessGone<T>(call: () => Promise<T> | T): Promise<T | null> {
  try {
    return await callDirectly(call);
  } catch (error) {
    if (error instanceof EngineRefusedError && error.httpStatus === 404) return null;
    throw error;
  }
}
