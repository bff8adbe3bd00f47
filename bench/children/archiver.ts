import { archiveExpired } from '../../domain/archive/index.ts';
import { openSqliteDatabase } from '../../infrastructure/sqlite/database.ts';
import { ARCHIVE_BATCH_MAX } from '../../src/config.ts';
import { answerCalls } from '../support/child.ts';
import { appendPaced } from '../support/paced-appends.ts';

/** Archives all ended processes as a service does, on request with live appends in the same process. */
const calls = {
  async archive({ file, appends }: { file: string; appends: boolean }) {
    const options = { file, clock: Date.now, leaseMs: 0, onAppended: () => {} };
    const database = await openSqliteDatabase(options);
    const stopAppends = appends ? appendPaced(database.eventStore) : undefined;
    let longestBatch = 0;
    const began = performance.now();
    const { events } = await archiveExpired(
      { archive: database.archive, clock: Date.now },
      { olderThanMs: 0, batch: ARCHIVE_BATCH_MAX },
      new AbortController().signal,
      ({ ms }) => {
        longestBatch = Math.max(longestBatch, ms);
      },
    );
    const perSecond = (events / (performance.now() - began)) * 1_000;
    const longestAppend = (await stopAppends?.()) ?? 0;
    await database.close();
    return { events, perSecond, longestBatch, longestAppend };
  },
};
export type ArchiverChild = typeof calls;
answerCalls(calls);
