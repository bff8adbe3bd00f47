import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type ExportedPart, exportEvents } from '../../../infrastructure/files/export-events.ts';
import {
  createExportEncoder,
  type ExportFormat,
} from '../../../infrastructure/files/export-formats.ts';
import type { Access } from '../../access/access.ts';
import { sendHead } from '../answers/head.ts';
import { sendOverloaded } from '../answers/unavailable.ts';
import {
  createReaderPace,
  createReaders,
  type Reader,
  resetConnection,
} from '../streaming/reader-pace.ts';

/** The rows of the feed, sealed. */
export type ExportedRows = Parameters<typeof exportEvents>[0];

export const EXPORT_TYPES: Readonly<Record<ExportFormat, string>> = {
  ndjson: 'application/x-ndjson',
  csv: 'text/csv; charset=utf-8; header=present',
  parquet: 'application/vnd.apache.parquet',
};

interface ExportAnswer {
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

/** Milliseconds that a caller may be behind though nobody else asks: it may have lost its network. */
const PATIENCE_MS = 120_000;
/** Bytes that are passed on at once: by whether they are taken it is seen that somebody reads. */
const SLICE = 65_536;

/**
 * Exports for callers of HTTP, so many at once. When all places are taken and somebody else asks for one, the slowest
 * of those who do not read loses its own.
 */
export function createExports(options: {
  feedRows: ExportedRows;
  access: Pick<Access, 'watch'>;
  max: number;
  patienceMs?: number;
  slowMs?: number;
}): Exports {
  const { feedRows, access, max, patienceMs = PATIENCE_MS } = options;
  const readers = createReaders(options.slowMs);
  const open = new Set<Reader>();
  let closed = false;

  /** Takes a place, which is free again when the answer has ended. */
  function begin({ request, reply }: ExportAnswer): { reader: Reader; over: AbortSignal } {
    const { raw } = reply;
    const over = new AbortController();
    const leave = (): void => {
      open.delete(reader);
      readers.delete(reader);
    };
    const reader: Reader = {
      pace: createReaderPace(),
      cutOff(reason) {
        over.abort(new Error(reason));
        leave();
        resetConnection(raw);
      },
    };
    open.add(reader);
    readers.add(reader);
    const patience = setInterval(() => {
      if (reader.pace.behindMs() >= patienceMs) reader.cutOff('the caller took nothing for long');
    }, patienceMs / 10);
    const unwatch = access.watch(request.caller, () => reader.cutOff('access was taken away'));
    over.signal.addEventListener('abort', () =>
      request.log.warn({ reason: String(over.signal.reason) }, 'an export was broken off'),
    );
    raw.once('close', () => {
      leave();
      unwatch();
      clearInterval(patience);
      if (!raw.writableFinished) over.abort(new Error('the caller hung up'));
    });
    return { reader, over: over.signal };
  }

  async function* bytesOf(
    { format, part }: ExportAnswer,
    upTo: string,
    { reader, over }: ReturnType<typeof begin>,
  ): AsyncGenerator<Uint8Array> {
    const encoder = createExportEncoder({ format });
    for await (const { bytes } of exportEvents(feedRows, { ...part, upTo }, encoder, over)) {
      for (let at = 0; at < bytes.length; at += SLICE) {
        const slice = bytes.subarray(at, at + SLICE);
        reader.pace.sent();
        yield slice;
        reader.pace.took(slice.length);
      }
    }
    // What is on its way still has to be taken.
    reader.pace.sent();
  }

  async function send(answer: ExportAnswer): Promise<FastifyReply> {
    const { request, reply, format } = answer;
    reply.header('Content-Type', EXPORT_TYPES[format]);
    reply.header('Content-Disposition', `attachment; filename="${fileName(format)}"`);
    reply.header('Cache-Control', 'no-store');
    if (request.method === 'HEAD') return sendHead(reply);
    if (closed || (open.size >= max && !readers.makeRoom())) {
      for (const name of ['Content-Disposition', 'Cache-Control']) reply.removeHeader(name);
      return sendOverloaded(
        reply,
        `As many exports are being sent as there is room for (${max}). Send the same request again later.`,
      );
    }
    const { raw } = reply;
    // It hung up while it was looked up who calls and where it goes on: nothing will tell of that again.
    if (raw.destroyed) return reply.hijack();
    const begun = begin(answer);
    const upTo = await feedRows.head();
    if (raw.destroyed) return reply.hijack();
    const stream = Readable.from(bytesOf(answer, upTo, begun), { objectMode: false });
    stream.on('error', (err) => {
      if (begun.over.aborted) return;
      request.log.error({ err }, 'an export was broken off');
      resetConnection(raw);
    });
    return reply.send(stream);
  }

  return {
    send,
    size: () => open.size,
    close() {
      closed = true;
      for (const { cutOff } of open) cutOff('the service stops');
    },
  };
}

/** No colons, which some systems do not take in names. */
function fileName(format: ExportFormat): string {
  return `events-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}Z.${format}`;
}
