/**
 * Names in the table `checkpoint`: how far a rebuild is, and how often processes were moved. T-SQL needs brackets
 * around the name of the table, because it is a keyword.
 */
export const REBUILD = 'rebuild';
export const MOVES = 'moves';

/**
 * In every transaction that moves processes between the log and its archive, or removes them from there: a rebuild
 * that has read one table before and the other after it starts over. The row exists after the first rebuild.
 */
export const COUNT_MOVE = `UPDATE [checkpoint] SET data = CAST(CAST(data AS BIGINT) + 1 AS VARCHAR(20)) WHERE name = '${MOVES}'`;
