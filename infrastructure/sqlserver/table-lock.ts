import { STREAM_NOT_LOCKED } from './stream-lock.ts';

// No correlation id, by which streams are locked, has a space in it.
const lock = (mode: 'Shared' | 'Exclusive'): string =>
  `EXEC @lock = sp_getapplock @Resource = 'table process_store', @LockMode = '${mode}', @LockOwner = 'Transaction', @LockTimeout = -1;
IF @lock < 0 THROW ${STREAM_NOT_LOCKED}, 'the tables of processes could not be locked', 1;`;

/**
 * In every transaction that writes process_store or its archive, before the write and after the locks of streams;
 * `@lock INT` must be declared. A rebuild swaps the tables by renaming them, and a statement that had begun before would
 * continue with the table that was replaced. A statement that begins later finds the new table, because its plan is not
 * valid any more.
 */
export const SHARE_TABLES = lock('Shared');

/** Keeps all of them out. */
export const TAKE_TABLES = lock('Exclusive');
