import { StoreUnavailableError } from '../../domain/common/index.ts';

/**
 * Makes calls of a store that are run again after trouble which passes, and throw StoreUnavailableError for what then
 * still stands in their way: a lost connection, a locked file.
 *
 * @param what cannot be used then, as the beginning of a sentence
 */
export function createGuard(what: string, retried: <T>(run: () => Promise<T>) => Promise<T>) {
  return <Params extends unknown[], Result>(
    work: (...params: Params) => Promise<Result>,
  ): ((...params: Params) => Promise<Result>) =>
    async (...params) => {
      try {
        return await retried(() => work(...params));
      } catch (cause) {
        if (cause instanceof StoreUnavailableError) throw cause;
        const text = `${what} cannot be read or written: ${reasonOf(cause)}`;
        throw new StoreUnavailableError(text, { cause });
      }
    };
}

/** Without the statement and its values, which Knex puts before the words of the driver. */
function reasonOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  const at = message.lastIndexOf(' - ');
  return at < 0 ? message : message.slice(at + ' - '.length);
}
