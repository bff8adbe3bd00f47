import { type Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import { SetupError } from '../../domain/common/index.ts';
import { EXPORT_COLUMN_NAMES, exportEvents } from '../../domain/export/index.ts';
import type { FeedFilter } from '../../domain/feed/index.ts';
import {
  readSought,
  readSoughtText,
  type SoughtIdentifier,
  type SoughtText,
} from '../../domain/identifiers/index.ts';
import { EVENT_TYPES, type EventType } from '../../domain/process/index.ts';
import { openExportFile } from '../../infrastructure/files/export-file.ts';
import {
  createExportEncoder,
  EXPORT_FORMATS,
  type ExportFormat,
} from '../../infrastructure/files/export-formats.ts';
import type { ExportSubject } from '../../infrastructure/files/export-journal.ts';
import { openExportOutput } from '../../infrastructure/files/export-output.ts';
import { MAX_FILE_EVENTS } from '../../infrastructure/files/parquet.ts';
import { type Maintenance, runMaintenance } from './maintenance/run-maintenance.ts';

interface ExportOptions
  extends Omit<FeedFilter, 'types' | 'processName' | 'stepName' | 'identifiers'> {
  process?: string;
  step?: string;
  out: string;
  format: ExportFormat;
  archive: 'include' | 'exclude';
  type?: EventType[];
  identifier?: SoughtIdentifier[];
  force?: boolean;
}

/** `--out` for standard output. */
const OUTPUT = '-';

/** `export`: writes the events of the configured database to a file. */
export function configure(command: Command): void {
  command
    .requiredOption('--out <file>', 'the file to write; - is standard output')
    .addOption(
      new Option('--format <format>', 'the format of the file')
        .choices(EXPORT_FORMATS)
        .default('ndjson'),
    )
    .option(
      '--from <time>',
      'events written then or later, e.g. 2026-01-31T12:00:00Z or 2026-01-31',
      readTime,
    )
    .option('--to <time>', 'events written before then', readTime)
    .option('--process <key>', 'events of the processes of this definition')
    .option('--step <name>', 'events of this step')
    .addOption(new Option('--status <status>', 'events of this status').choices(['ok', 'error']))
    .option('--type <type>', 'events of this type; may be given several times', readType)
    .option('--target-system <name>', 'events of calls to this system')
    .option('--originating-system <name>', 'events of processes that this system started')
    .option('--correlation-id <id>', 'events of this process')
    .option('--traceability-id <id>', 'events of this trace')
    .option('--batch-id <id>', 'events of this batch')
    .option('--application-id <id>', 'events of this application')
    .option(
      '--error-code <code>',
      'events with this error code; * at the end: with one that begins so',
      readCode,
    )
    .option(
      '--identifier <name=value>',
      'events of processes with this identifier; * at the end: with one that begins so; may be given several times',
      readIdentifier,
    )
    .addOption(
      new Option(
        '--archive <choice>',
        'include the events of archived processes, or only live ones',
      )
        .choices(['include', 'exclude'])
        .default('exclude'),
    )
    .option('--force', 'replace the files that are there already')
    .action(async (options: ExportOptions) => {
      const { from, to } = options;
      if (from && to && from >= to) {
        throw new SetupError(`--from: ${from} is not before --to, ${to}; swap them`);
      }
      const isOutput = options.out === OUTPUT;
      await runMaintenance((maintenance) => exportTo(options, maintenance), {
        stopped: isOutput ? 'stopped; the export is not complete' : undefined,
      });
    });
}

async function exportTo(options: ExportOptions, maintenance: Maintenance): Promise<void> {
  const { database, progress, signal } = maintenance;
  const { out, format, force = false } = options;
  const archived = options.archive === 'include';
  const filter = filterOf(options);
  const head = () => database.feedRows.head();
  const columns = format === 'ndjson' ? undefined : EXPORT_COLUMN_NAMES;
  const subject: ExportSubject = JSON.parse(JSON.stringify({ format, filter, archived, columns }));
  const target =
    out === OUTPUT
      ? await openExportOutput(process.stdout, head)
      : await openExportFile({ out, subject, force, head });
  const began = performance.now();
  const { exported, upTo } = target;
  const resumed = exported.position !== '0';
  if (resumed) maintenance.log.info({ events: exported.events }, 'export: resuming behind these');
  const maxFileEvents = out === OUTPUT ? undefined : MAX_FILE_EVENTS;
  const encoder = createExportEncoder({ format, resumed, maxFileEvents });
  const part = { filter, archived, after: exported.position, upTo };
  const sum = { events: exported.events, bytes: exported.bytes };
  progress.start('export', Number(upTo));
  try {
    for await (const step of exportEvents(database.feedRows, part, encoder, signal)) {
      await target.write(step);
      sum.events += step.events;
      sum.bytes += step.bytes.length;
      progress.update(Number(step.readTo), { ...sum });
      if (signal.aborted) break;
    }
  } catch (error) {
    if (error instanceof SetupError) throw error;
    await leave();
    if (!signal.aborted) throw error;
    return;
  }
  progress.stop();
  if (signal.aborted) return leave();
  const files = await target.complete();
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  const inFiles = files > 1 ? ` in ${files} files` : '';
  // Somebody may have thought that this is all there is.
  const hint = archived ? '' : '; without those of archived processes (--archive include)';
  const line = `exported ${sum.events} events, ${sum.bytes} bytes${inFiles}, ${seconds} s${hint}`;
  if (out === OUTPUT) process.stderr.write(`${line}\n`);
  else progress.print(line);

  /** For the next run: of Parquet whole files. To its reader standard output would look whole with an end. */
  async function leave(): Promise<void> {
    const pieces = out === OUTPUT ? [] : encoder.end(false);
    for (const piece of pieces) await target.write(piece);
    await target.leave();
  }
}

function filterOf(options: ExportOptions): FeedFilter {
  const { process: processName, step: stepName, status, targetSystem, originatingSystem } = options;
  const { correlationId, traceabilityId, batchId, applicationId, from, to, type } = options;
  const { errorCode, identifier: identifiers } = options;
  return {
    ...{ processName, stepName, status, targetSystem, originatingSystem },
    ...{ correlationId, traceabilityId, batchId, applicationId, from, to },
    types: type,
    ...{ errorCode, identifiers },
  };
}

function readTime(text: string): string {
  const isTime = z.union([z.iso.datetime({ offset: true }), z.iso.date()]).safeParse(text).success;
  const time = new Date(text);
  if (isTime && !Number.isNaN(time.getTime())) return time.toISOString();
  throw new InvalidArgumentError(
    'It must be a time of ISO 8601 with its zone, e.g. 2026-01-31T12:00:00Z, or a day, e.g. 2026-01-31, which begins at midnight UTC.',
  );
}

function readType(text: string, before: EventType[] = []): EventType[] {
  const type = EVENT_TYPES.find((one) => one === text);
  if (type) return [...before, type];
  throw new InvalidArgumentError(`It must be one of ${EVENT_TYPES.join(', ')}.`);
}

function readCode(text: string): SoughtText {
  const sought = readSoughtText(text);
  if (!('wrong' in sought)) return sought;
  throw new InvalidArgumentError(`It ${sought.wrong}.`);
}

function readIdentifier(text: string, before: SoughtIdentifier[] = []): SoughtIdentifier[] {
  const [name = '', ...value] = text.split('=');
  const sought = value.length === 0 ? null : readSought(name, value.join('='));
  if (sought && !('wrong' in sought)) return [...before, sought];
  throw new InvalidArgumentError('It must be a name and a value, e.g. userId=42 or userId=4*.');
}
