import type { FeedHead } from '../sql/feed-query.ts';
import type { ReadQueries } from '../sql/read-queries.ts';

/**
 * Events that get their positions in one transaction: few enough for locks on rows. SQL Server takes a lock on
 * the whole table, which appends would wait for, at 5,000 of one statement
 * (https://learn.microsoft.com/sql/relational-databases/sql-server-transaction-locking-and-row-versioning-guide#lock-escalation).
 */
const BATCH = 2_000;
/** How long a reader waits for another one that is giving positions. */
const PATIENCE_MS = 5_000;

/**
 * Gives committed events their positions, under one lock. An id says nothing about the order of the commits:
 * it is given at the insert, and an event may be committed after one with a higher id. A position is given to
 * what is committed already, and what is committed later gets a later one.
 *
 * `@upto` is read by a statement of its own, before the ids are taken, so that the order within a stream is
 * kept: appends to a stream follow each other, each after the commit of the one before. When an id up to `@upto`
 * belongs to version n + 1, version n was committed before that id was given, so before `@upto` was read: the
 * statement that takes the ids sees both. It would not do to take what one statement finds: where readers
 * wait for writers instead of reading a snapshot (READ_COMMITTED_SNAPSHOT off), it passes the place of
 * version n before that is committed, and may still meet version n + 1. READPAST would skip version n likewise.
 *
 * All or nothing, and those that have a position are not looked at again: it may run twice.
 */
const GIVE = `
SET XACT_ABORT ON;
SET NOCOUNT ON;
DECLARE @upto BIGINT = ?, @lock INT = 0, @given INT = 0;
DECLARE @taken TABLE (event_id BIGINT PRIMARY KEY);
IF EXISTS (SELECT 1 FROM unpositioned_event)
BEGIN
  BEGIN TRANSACTION;
  EXEC @lock = sp_getapplock @Resource = 'feed positions', @LockMode = 'Exclusive', @LockOwner = 'Transaction', @LockTimeout = ${PATIENCE_MS};
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
 * Who reads the feed gives the positions first; nothing runs in the background. Readers of this process that ask
 * at the same time do it together.
 *
 * @returns gives positions until there are `enough`, or none is left of the events committed when it was asked
 */
export function createFeedPositions(reads: ReadQueries): (enough: number) => Promise<FeedHead> {
  let last: Promise<unknown> = Promise.resolve();
  /** Has not begun yet, so it sees what was committed before now. */
  let next: { enough: number; done: Promise<FeedHead> } | undefined;

  async function give(enough: number): Promise<FeedHead> {
    let upto: string | null = null;
    for (;;) {
      const [row]: Given[] = await reads.rows(reads.knex.raw(GIVE, [upto as string]));
      if (!row) throw new Error('feed_head has no row');
      const position = Number(row.position);
      // What another one keeps from getting its position for so long is given it with the next page.
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
