import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type ExportedPart, exportEvents } from '../../infrastructure/export/export-events.ts';
import {
  createExportEncoder,
  EXPORT_FORMATS,
  type ExportFormat,
} from '../../infrastructure/export/export-formats.ts';
import type { Access } from '../access/access.ts';
import { exportLine } from '../export/export-line.ts';
import { sendOverloaded } from './problems.ts';

/** The rows of the feed, sealed. */
export type ExportedRows = Parameters<typeof exportEvents>[0];

export const EXPORT_TYPES: Readonly<Record<ExportFormat, string>> = {
  ndjson: 'application/x-ndjson',
  csv: 'text/csv; charset=utf-8; header=present',
  parquet: 'application/vnd.apache.parquet',
};

/** Media types of `Accept` that mean something else than an export. */
const OTHERS: readonly string[] = ['application/json', 'text/event-stream', 'application/*', '*/*'];

/** The format that an `Accept` header prefers (RFC 9110, 12.5.1), null for none of an export. */
export function acceptedFormat(accept: string | undefined): ExportFormat | null {
  const ranges = (accept ?? '').split(',').map((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const weight = parameters.find((one) => one.startsWith('q='));
    return { type, weight: weight === undefined ? 1 : Number(weight.slice(2)) };
  });
  // Of those with the same weight the first.
  ranges.sort((one, other) => other.weight - one.weight);
  for (const { type, weight } of ranges) {
    if (!(weight > 0)) continue;
    const format = EXPORT_FORMATS.find((one) => EXPORT_TYPES[one].split(';')[0] === type);
    if (format) return format;
    if (OTHERS.includes(type)) return null;
  }
  return null;
}

export interface ExportAnswer {
  request: FastifyRequest;
  reply: FastifyReply;
  format: ExportFormat;
  part: Omit<ExportedPart, 'upTo'>;
}

export interface Exports {
  /**
   * Answers with all events up to the head at this moment. What is sent stays sealed. An export that does not come
   * to its end breaks the connection: no caller takes it for a whole one.
   */
  send(answer: ExportAnswer): Promise<FastifyReply>;
  /** Exports that are sent now. */
  size(): number;
  /** Breaks all of them off: at the stop, which they would hold up for as long as their readers like. */
  close(): void;
}

/** Milliseconds in which a caller has to take something: a place is for somebody who reads. */
const PATIENCE_MS = 120_000;

/** Exports for callers of HTTP, so many at once. */
export function createExports(options: {
  feedRows: ExportedRows;
  access: Pick<Access, 'watch'>;
  max: number;
  patienceMs?: number;
}): Exports {
  const { feedRows, access, max, patienceMs = PATIENCE_MS } = options;
  const open = new Set<(reason: string) => void>();
  let taken = 0;
  let closed = false;

  async function send({ request, reply, format, part }: ExportAnswer): Promise<FastifyReply> {
    if (closed || taken >= max) {
      return sendOverloaded(
        reply,
        `As many exports are being sent as there is room for (${max}). Send the same request again later.`,
      );
    }
    const { raw } = reply;
    // It hung up while it was looked up who calls and where it goes on: nothing will tell of that again.
    if (raw.destroyed) return reply.hijack();
    taken++;
    const over = new AbortController();
    let ended = false;
    const breakOff = (reason: string): void => {
      over.abort(new Error(reason));
      raw.destroy();
    };
    open.add(breakOff);
    const unwatch = access.watch(request.caller, () => breakOff('access was taken away'));
    raw.once('close', () => {
      open.delete(breakOff);
      unwatch();
      taken--;
      if (ended) return;
      over.abort(new Error('the caller hung up'));
      request.log.warn({ reason: String(over.signal.reason) }, 'an export was broken off');
    });
    const upTo = await feedRows.head().catch((error: unknown) => {
      // Answered as any other call is.
      ended = true;
      throw error;
    });
    if (raw.destroyed) return reply.hijack();
    reply.header('Content-Type', EXPORT_TYPES[format]);
    reply.header('Content-Disposition', `attachment; filename="${fileName(format)}"`);
    reply.header('Cache-Control', 'no-store');
    reply.header('Vary', 'Accept');
    // Nobody gets to see the events of a HEAD.
    if (request.method === 'HEAD') {
      ended = true;
      return reply.send();
    }

    async function* bytes(): AsyncGenerator<Uint8Array> {
      const encoder = createExportEncoder({ format, toLine: exportLine });
      for await (const step of exportEvents(feedRows, { ...part, upTo }, encoder, over.signal)) {
        if (step.bytes.length === 0) continue;
        const timer = setTimeout(() => breakOff('the caller took nothing for long'), patienceMs);
        try {
          yield step.bytes;
        } finally {
          clearTimeout(timer);
        }
      }
      ended = true;
    }

    const stream = Readable.from(bytes(), { objectMode: false });
    stream.on('error', (err) => {
      if (!over.signal.aborted) request.log.error({ err }, 'an export was broken off');
    });
    return reply.send(stream);
  }

  return {
    send,
    size: () => taken,
    close() {
      closed = true;
      for (const breakOff of open) breakOff('the service stops');
    },
  };
}

/** No colons, which some systems do not take in names. */
function fileName(format: ExportFormat): string {
  return `events-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}Z.${format}`;
}
