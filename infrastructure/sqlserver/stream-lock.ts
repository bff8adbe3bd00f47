/**
 * The number of the error when a lock is refused. Without a time-out that means that waiting would have been a deadlock,
 * which is transient like any other.
 */
export const STREAM_NOT_LOCKED = 50_001;

/**
 * Takes the lock of one stream, named by its id, until the end of the transaction. Every transaction that appends to a
 * stream, moves it or inserts its row in process_store takes it, so that an append never sees a stream that is half
 * moved. A row lock is not enough: a stream that was moved has no rows. Names are compared byte by byte, like the ids
 *
 * (https://learn.microsoft.com/sql/relational-databases/system-stored-procedures/sp-getapplock-transact-sql).
 *
 * @param id the parameter or variable that holds it; `@lock INT` must be declared
 */
export function lockStream(id: string): string {
  return `EXEC @lock = sp_getapplock @Resource = ${id}, @LockMode = 'Exclusive', @LockOwner = 'Transaction', @LockTimeout = -1;
IF @lock < 0 THROW ${STREAM_NOT_LOCKED}, 'the stream could not be locked', 1;`;
}

/** Begins a transaction under a lock. */
export const beginWithLock = (name: string): string => `
SET XACT_ABORT ON;
DECLARE @lock INT;
BEGIN TRANSACTION;
${lockStream(name)}`;

/** Begins a transaction under the lock of the stream `@correlation_id`. */
export const BEGIN_WITH_STREAM_LOCK = beginWithLock('@correlation_id');
