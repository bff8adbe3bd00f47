import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type EventStore, publicEvent } from '../../../domain/process/index.ts';
import { PIECE_BYTES, PIECE_EVENTS } from '../answers/answer-bytes.ts';
import { sendHead } from '../answers/head.ts';
import { sendProcessNotFound } from '../answers/process-answers.ts';
import { createReaderPace, resetConnection } from './reader-pace.ts';

/** The answer of a caller that is behind for this long is aborted. */
const READ_TIMEOUT_MS = 120_000;

/**
 * Answers with all events of a process after a version, as one JSON object that is sent piece by piece, so that a
 * stream of any length costs little memory. When it cannot be sent completely, the connection is reset.
 */
export async function sendTrail(
  request: FastifyRequest,
  reply: FastifyReply,
  trail: {
    eventStore: Pick<EventStore, 'pageStream'>;
    correlationId: string;
    /** The version of the last event that the caller has. */
    afterVersion: number;
  },
): Promise<FastifyReply> {
  const { eventStore, correlationId, afterVersion } = trail;
  const { raw } = reply;
  const read = (version: number) =>
    eventStore.pageStream(correlationId, {
      afterVersion: version,
      limit: PIECE_EVENTS,
      maxBytes: PIECE_BYTES,
    });
  // Read before the answer begins, so that an unreachable database is answered with 503 as everywhere.
  const first = await read(afterVersion);
  const [some] = first.items.length > 0 ? first.items : (await read(0)).items;
  if (!some) return sendProcessNotFound(reply, correlationId);
  const head = { correlationId, ...(some.archivedAt ? { archived: true as const } : {}) };
  if (first.atEnd) return reply.send({ ...head, events: first.items.map(publicEvent) });
  reply.type('application/json; charset=utf-8');
  if (request.method === 'HEAD') return sendHead(reply);

  const pace = createReaderPace();
  async function* pieces(): AsyncGenerator<string> {
    let text = `${JSON.stringify(head).slice(0, -1)},"events":[`;
    for (let page = first; ; ) {
      for (const event of page.items) {
        text += JSON.stringify(publicEvent(event));
        pace.sent();
        yield text;
        pace.took(text.length);
        text = ',';
      }
      const last = page.items.at(-1);
      if (page.atEnd || !last) break;
      page = await read(last.version);
    }
    pace.sent();
    yield text === ',' ? ']}' : `${text}]}`;
  }

  const readTimer = setInterval(() => {
    if (pace.behindMs() >= READ_TIMEOUT_MS) resetConnection(raw);
  }, READ_TIMEOUT_MS / 10);
  raw.once('close', () => clearInterval(readTimer));
  const stream = Readable.from(pieces(), { objectMode: false });
  stream.on('error', (err) => {
    if (raw.destroyed) return;
    request.log.error({ err }, 'the answer with the events of a process was aborted');
    resetConnection(raw);
  });
  return reply.send(stream);
}
