import { rm } from 'node:fs/promises';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import {
  type ArchivedProcess,
  type ArchivedVersion,
  type ColdArchive,
  type ColdArchivePart,
  endOfMonth,
  type Month,
  startOfMonth,
} from '../../domain/archive/index.ts';
import { SetupError } from '../../domain/common/index.ts';
import type { ArchivedRows, RawEvent } from '../sql/archived-rows.ts';
import { createMonthFiles, namesOf, type PartNames } from './month-files.ts';
import { MAX_FILE_EVENTS } from './parquet.ts';
import { createParquetFile } from './parquet-file.ts';
import { EVENT_FILE, PROCESS_FILE } from './row-columns.ts';

/** Processes that are read at once, and their events: what is in memory besides a row group. */
const READ_PROCESSES = 100;
const READ_EVENTS = 2_000;
/** Rows of a process file that are read back at once. */
const READ_BACK_ROWS = 500;

/**
 * A cold archive in a folder.
 *
 * @param options `maxEvents`: events of one file, about
 */
export function createColdArchive(
  folder: string,
  rows: ArchivedRows,
  { maxEvents = MAX_FILE_EVENTS } = {},
): ColdArchive {
  const files = createMonthFiles(folder);

  async function* contents(month: Month): AsyncGenerator<ArchivedVersion[]> {
    for (const part of await orExplain(files.partsOf(month))) {
      const names = namesOf(month, part);
      await orExplain(files.tidy(names));
      if (await orExplain(files.isComplete(names))) yield* contentsOf(names);
    }
  }

  async function* contentsOf(names: PartNames): AsyncGenerator<ArchivedVersion[]> {
    await orExplain(files.check(names));
    yield* versionsIn(files.path(names.processes));
  }

  async function writePart(
    month: Month,
    after: ArchivedProcess | undefined,
    signal: AbortSignal,
  ): Promise<ColdArchivePart | null> {
    const parts = await orExplain(files.partsOf(month));
    const names = namesOf(month, (parts.at(-1) ?? 0) + 1);
    const unfinished = [names.events, names.processes].map((name) => files.path(name, true));
    try {
      const part = await write(names, month, after, signal);
      if (part) return part;
    } catch (error) {
      for (const path of unfinished) await rm(path, { force: true }).catch(() => {});
      throw explained(error);
    }
    for (const path of unfinished) await orExplain(rm(path, { force: true }));
    return null;
  }

  async function write(
    names: PartNames,
    month: Month,
    after: ArchivedProcess | undefined,
    signal: AbortSignal,
  ): Promise<ColdArchivePart | null> {
    const count = { processes: 0, events: 0 };
    const batches = pages(month, after);
    let batch = await batches.next();
    // Without rows no file is begun: once they are purged, no later run comes here to remove what a kill left.
    if (batch.done) return null;
    const events = await createParquetFile(files.path(names.events, true), EVENT_FILE);
    const processes = await createParquetFile(files.path(names.processes, true), PROCESS_FILE)
      // Two files, of which none may stay open.
      .catch(async (error: unknown) => {
        await events.abandon();
        throw error;
      });
    let open = true;
    try {
      let last = after;
      for (; !batch.done; batch = await batches.next()) {
        if (signal.aborted) return null;
        for (const whole of wholeOnes(await rows.read(batch.value))) {
          await processes.add(whole.process);
          for (const event of whole.events) await events.add(event);
          count.processes++;
          count.events += whole.events.length;
        }
        last = batch.value.at(-1);
        if (count.events >= maxEvents) break;
      }
      if (!last || count.processes === 0) return null;
      const sums = { events: await events.close(), processes: await processes.close() };
      open = false;
      await files.complete(names, sums);
      return { ...count, last, contents: () => contentsOf(names) };
    } finally {
      if (open) await Promise.allSettled([events.abandon(), processes.abandon()]);
    }
  }

  /** What is archived of the month behind that process, in batches of bounded size. */
  async function* pages(
    month: Month,
    behind: ArchivedProcess | undefined,
  ): AsyncGenerator<ArchivedProcess[]> {
    const span = { changedFrom: startOfMonth(month), changedBefore: endOfMonth(month) };
    let after = behind;
    for (;;) {
      const found = await rows.list({ ...span, after, limit: READ_PROCESSES });
      if (found.length === 0) return;
      let events = 0;
      const batch = found.filter(({ version }, at) => {
        events += version;
        return at === 0 || events <= READ_EVENTS;
      });
      yield batch;
      after = batch.at(-1);
    }
  }

  return { contents, writePart };
}

type Read = Awaited<ReturnType<ArchivedRows['read']>>;

/**
 * The processes that were read with all their events. Row and events are read at two moments: one that was
 * restored in between, or that something came late for, is left for another time.
 */
function wholeOnes({ processes, events }: Read) {
  const streams = new Map<string, RawEvent[]>();
  for (const event of events) {
    const id = String(event.correlation_id);
    const stream = streams.get(id);
    if (stream) stream.push(event);
    else streams.set(id, [event]);
  }
  return processes.flatMap((process) => {
    const stream = streams.get(String(process.correlation_id)) ?? [];
    const whole =
      stream.length === Number(process.version) &&
      stream.every(({ version }, at) => Number(version) === at + 1);
    return whole ? [{ process, events: stream }] : [];
  });
}

async function* versionsIn(path: string): AsyncGenerator<ArchivedVersion[]> {
  const file = await orExplain(asyncBufferFromFile(path));
  const metadata = await orExplain(parquetMetadataAsync(file));
  const count = Number(metadata.num_rows);
  for (let rowStart = 0; rowStart < count; rowStart += READ_BACK_ROWS) {
    const rowEnd = Math.min(count, rowStart + READ_BACK_ROWS);
    const columns = ['correlation_id', 'version'];
    const read = await orExplain(parquetReadObjects({ file, metadata, columns, rowStart, rowEnd }));
    yield read.map(({ correlation_id, version }) => ({
      correlationId: String(correlation_id),
      version: Number(version),
    }));
  }
}

async function orExplain<T>(work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    throw explained(error);
  });
}

/** Says what is wrong with the folder: errors of the system about a file have a code and the name of the call. */
function explained(error: unknown): unknown {
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) return error;
  return new SetupError(
    `ARCHIVE_EXPORT_DIR: the folder cannot be used (${error.message}); nothing was purged for want of a complete file. Mend it, or choose another folder`,
    { cause: error },
  );
}
