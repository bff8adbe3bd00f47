/** Which tables a row is in: those of the live processes, or those of the archive. */
export type Partition = 'live' | 'archived';

export const PARTITIONS = ['live', 'archived'] as const satisfies readonly Partition[];
