/** Names in the table `checkpoint`, which is a word of T-SQL and stands in brackets: how far a rebuild is, and how often processes were moved. */
export const REBUILD = 'rebuild';
export const MOVES = 'moves';

/**
 * In every transaction that moves processes between the log and its archive, or removes them from there: a
 * rebuild that has read one place before and the other after it begins anew. The row is there once there has
 * been a rebuild.
 */
export const COUNT_MOVE = `UPDATE [checkpoint] SET data = CAST(CAST(data AS BIGINT) + 1 AS VARCHAR(20)) WHERE name = '${MOVES}'`;
