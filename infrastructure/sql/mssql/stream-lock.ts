/**
 * Begins a transaction and takes the lock of one stream, named by its id, until the transaction's end.
 * Whoever adds to a stream, moves it or begins its row in process_store has it, so that an append never
 * meets a stream that is half moved. A row lock would not do: a stream that is gone has no rows.
 *
 * Names are compared byte by byte, as the ids are. There is no time limit but the request's, and no
 * deadlock: the lock is the first that its transaction takes
 * (https://learn.microsoft.com/sql/relational-databases/system-stored-procedures/sp-getapplock-transact-sql).
 */
export const BEGIN_WITH_STREAM_LOCK = `
SET XACT_ABORT ON;
DECLARE @lock INT;
BEGIN TRANSACTION;
EXEC @lock = sp_getapplock @Resource = @correlation_id, @LockMode = 'Exclusive', @LockOwner = 'Transaction', @LockTimeout = -1;
IF @lock < 0 THROW 50001, 'the stream could not be locked', 1;`;
