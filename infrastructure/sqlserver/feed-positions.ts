import type { FeedHead } from '../sql/feed-query.ts';
import type { ReadQueries } from '../sql/read-queries.ts';

/**
 * Events that get their positions in one transaction: few enough for row locks. At 5,000 of one statement SQL Server
 * locks the whole table, and appends would wait for it
 * (https://learn.microsoft.com/sql/relational-databases/sql-server-transaction-locking-and-row-versioning-guide#lock-escalation).
 */
const BATCH = 2_000;
/** The time for which a reader waits for another one that assigns positions. */
const LOCK_TIMEOUT_MS = 5_000;

/**
 * Assigns positions to committed events, under one lock. Ids do not show the order of the commits: they are assigned at
 * the insert, and an event may be committed after one with a higher id. An event gets its position after its commit,
 * and one that is committed later gets a later position.
 *
 * `@upto` is read by a statement of its own, before the ids are taken, so that the order within a stream is
 * kept: appends to a stream follow each other, each after the commit of the one before. When an id up to `@upto`
 * belongs to version n + 1, version n was committed before that id was assigned, so before `@upto` was read: the
 * statement that takes the ids sees both. One statement alone is not enough: where readers wait for writers instead of
 * reading a snapshot (READ_COMMITTED_SNAPSHOT off), its scan passes version n before that is committed, and may still
 * reach version n + 1. READPAST would skip version n in the same way.
 *
 * It is one transaction, and skips events that have a position: it may run twice.
 */
const ASSIGN = `
SET XACT_ABORT ON;
SET NOCOUNT ON;
DECLARE @upto BIGINT = ?, @lock INT = 0, @given INT = 0;
DECLARE @taken TABLE (event_id BIGINT PRIMARY KEY);
IF EXISTS (SELECT 1 FROM unpositioned_event)
BEGIN
  BEGIN TRANSACTION;
  EXEC @lock = sp_getapplock @Resource = 'feed positions', @LockMode = 'Exclusive', @LockOwner = 'Transaction', @LockTimeout = ${LOCK_TIMEOUT_MS};
  IF @lock >= 0
  BEGIN
    IF @upto IS NULL SELECT @upto = MAX(event_id) FROM unpositioned_event;
    DELETE FROM unpositioned_event OUTPUT deleted.event_id INTO @taken (event_id)
      WHERE event_id IN (
        SELECT TOP (${BATCH}) event_id FROM unpositioned_event WHERE event_id <= @upto ORDER BY event_id
      );
    INSERT INTO event_position (position, event_id)
      SELECT (SELECT position FROM feed_head) + ROW_NUMBER() OVER (ORDER BY event_id), event_id FROM @taken;
    SET @given = @@ROWCOUNT;
    UPDATE feed_head SET position = position + @given;
  END
  COMMIT TRANSACTION;
END
SELECT position, CAST(@upto AS VARCHAR(20)) AS upto, @given AS given, @lock AS lock FROM feed_head;`;

interface Given {
  position: string | number;
  upto: string | null;
  given: number;
  lock: number;
}

/**
 * A reader of the feed assigns the positions before it reads; nothing runs in the background. Readers of this process
 * that call at the same time share one run.
 *
 * @returns assigns positions until there are `enough`, or until all events that were committed before the call have one
 */
export function createFeedPositions(reads: ReadQueries): (enough: number) => Promise<FeedHead> {
  let last: Promise<unknown> = Promise.resolve();
  /** Has not begun yet, so it will see everything that is committed by now. */
  let next: { enough: number; done: Promise<FeedHead> } | undefined;

  async function give(enough: number): Promise<FeedHead> {
    let upto: string | null = null;
    for (;;) {
      const [row]: Given[] = await reads.rows(reads.knex.raw(ASSIGN, [upto as string]));
      if (!row) throw new Error('feed_head has no row');
      const position = Number(row.position);
      // Another reader had the lock for too long: these events get their positions with the next page.
      if (row.lock < 0) return { position, isAll: false };
      if (row.given < BATCH) return { position, isAll: true };
      if (position >= enough) return { position, isAll: false };
      upto = row.upto;
    }
  }

  return (enough) => {
    if (next) {
      next.enough = Math.max(next.enough, enough);
      return next.done;
    }
    const asked = { enough, done: last.then(begin, begin) };
    function begin(): Promise<FeedHead> {
      next = undefined;
      return give(asked.enough);
    }
    next = asked;
    last = asked.done;
    return asked.done;
  };
}
