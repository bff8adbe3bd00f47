import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  type ExportedPart,
  type ExportedRows,
  exportEvents,
} from '../../../domain/export/index.ts';
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
   * Answers with all events up to the current head of the feed. An export that fails resets the connection, so
   * that no caller takes it for a complete one.
   */
  send(answer: ExportAnswer): Promise<FastifyReply>;
  /** How many exports are being sent. */
  size(): number;
  /** Aborts all exports, at the stop: slow readers would hold it up. */
  close(): void;
}

/** How long a caller may be behind although no other caller waits: it may have lost its network. */
const READ_TIMEOUT_MS = 120_000;
/** Bytes that are passed on at once: when they are taken, the caller is reading. */
const SLICE_BYTES = 65_536;

/**
 * Sends exports, `max` at a time. When a caller asks for one more, the export of the slowest caller that
 * does not read is aborted for it.
 */
export function createExports(options: {
  feedRows: ExportedRows;
  access: Pick<Access, 'watch'>;
  max: number;
  readTimeoutMs?: number;
  slowMs?: number;
}): Exports {
  const { feedRows, access, max, readTimeoutMs = READ_TIMEOUT_MS } = options;
  const readers = createReaders(options.slowMs);
  const open = new Set<Reader>();
  let closed = false;

  /** Counts the export until its answer has ended. */
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
    const readTimer = setInterval(() => {
      if (reader.pace.behindMs() >= readTimeoutMs)
        reader.cutOff('the caller did not read for too long');
    }, readTimeoutMs / 10);
    const unwatch = access.watch(request.caller, () => reader.cutOff('access was revoked'));
    over.signal.addEventListener('abort', () =>
      request.log.warn({ reason: String(over.signal.reason) }, 'an export was aborted'),
    );
    raw.once('close', () => {
      leave();
      unwatch();
      clearInterval(readTimer);
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
      for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
        const slice = bytes.subarray(at, at + SLICE_BYTES);
        reader.pace.sent();
        yield slice;
        reader.pace.took(slice.length);
      }
    }
    // The caller has still to read what is on its way.
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
        `The limit of ${max} exports at a time of this service instance is reached. Send the same request again later.`,
      );
    }
    const { raw } = reply;
    // The caller hung up during the look-ups before, and there will be no other event for that.
    if (raw.destroyed) return reply.hijack();
    const begun = begin(answer);
    const upTo = await feedRows.head();
    if (raw.destroyed) return reply.hijack();
    const stream = Readable.from(bytesOf(answer, upTo, begun), { objectMode: false });
    stream.on('error', (err) => {
      if (begun.over.aborted) return;
      request.log.error({ err }, 'an export was aborted');
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

/** Without colons, which some systems do not allow in file names. */
function fileName(format: ExportFormat): string {
  return `events-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}Z.${format}`;
}
