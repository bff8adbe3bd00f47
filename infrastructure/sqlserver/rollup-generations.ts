import { lowestGone, NEXT_GENERATION } from '../sql/rollup-generations.ts';
import { ROLLUP_TABLES } from '../sql/rollup-rows.ts';

/** Continues the generation that `@made_by` began, or begins one instead of any other. */
export const BEGIN = `SET XACT_ABORT ON;
DECLARE @resumed INT = 1;
BEGIN TRANSACTION;
IF NOT EXISTS (SELECT 1 FROM rollup_state WHERE is_current = 0 AND made_by = @made_by)
BEGIN
  SET @resumed = 0;
  DELETE FROM rollup_state WHERE is_current = 0;
  INSERT INTO rollup_state (generation, position, rolled_up_to, is_current, made_by, updated_at)
    SELECT ${NEXT_GENERATION}, 0, NULL, 0, @made_by, SYSUTCDATETIME();
END
COMMIT TRANSACTION;
SELECT generation, position, rolled_up_to, @resumed AS resumed
  FROM rollup_state WHERE is_current = 0 AND made_by = @made_by;`;

/**
 * The first update waits for batches of either generation, and keeps them out until the end. Run again after a lost
 * answer, it finds the generation current.
 */
export const SWAP = `SET XACT_ABORT ON;
DECLARE @outcome VARCHAR(20) = 'gone', @at BIGINT, @current INT;
BEGIN TRANSACTION;
UPDATE rollup_state SET updated_at = SYSUTCDATETIME();
SELECT @current = generation, @at = position FROM rollup_state WHERE is_current = 1;
SELECT @outcome = CASE WHEN is_current = 1 THEN 'swapped' WHEN position < @at THEN 'behind' ELSE 'ready' END
  FROM rollup_state WHERE generation = @generation;
IF @outcome = 'ready'
BEGIN
  DELETE FROM rollup_state WHERE generation = @current;
  UPDATE rollup_state SET is_current = 1 WHERE generation = @generation;
  SET @outcome = 'swapped';
END
COMMIT TRANSACTION;
SELECT @outcome AS outcome;`;

/** Removes rows of the lowest replaced generation, up to `@limit` of each table. */
export const REMOVE_REPLACED = `DECLARE @removed INT = 0, @gone INT;
${ROLLUP_TABLES.map(
  ({ name }) => `SET @gone = ${lowestGone(name)};
IF @gone IS NOT NULL
BEGIN
  DELETE TOP (@limit) FROM ${name} WHERE generation = @gone;
  SET @removed = @removed + @@ROWCOUNT;
END`,
).join('\n')}
SELECT @removed AS removed;`;
