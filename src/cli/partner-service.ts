import { createHash, randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import Fastify from 'fastify';
import { request } from 'undici';
import { z } from 'zod';

export interface Partner {
  url: string;
  stop(): Promise<void>;
}

interface PartnerOptions {
  host?: string;
  port: number;
  /** API key with the scope `process:start`, for call-backs to a service that asks for one. */
  apiKey?: string | undefined;
}

const person = z.object({ email: z.string() });
const charge = z.object({ orderId: z.string(), amount: z.number() });
const booking = z.object({ orderId: z.string(), callbackUrl: z.url() });

/** Failures of a flaky answer before it works. */
const FLAKY_FAILURES = 2;
const SLOW_MS = 5_000;
/** The most that the partner's bank pays. */
const CREDIT_LIMIT = 1_000;
/** Milliseconds until the courier comes. */
const PICK_UP_MS = 500;
/** Calls a courier makes before he gives up. */
const CALLBACK_ATTEMPTS = 60;

/**
 * The outside world of the shipped processes: a small HTTP service whose answers depend on the input.
 *
 * The local part of the e-mail address says how: `refused` is refused by the background check, `flaky`
 * gets 503 twice before an answer, `slow` takes five seconds, `taken` has an account already, `down`
 * gets 503 always. Orders of more than 1,000 are not paid. Everything else works.
 */
export async function startPartner(options: PartnerOptions): Promise<Partner> {
  const app = Fastify({ forceCloseConnections: true });
  const flaky = new Map<string, number>();
  const stopping = new AbortController();

  app.post('/background-checks', async (request, reply) => {
    const { email } = person.parse(request.body);
    const kind = email.split('@')[0];
    if (kind === 'slow') await sleep(SLOW_MS, undefined, { signal: stopping.signal });
    if (kind === 'flaky') {
      const key = String(request.headers['idempotency-key']);
      const failures = flaky.get(key) ?? 0;
      flaky.set(key, failures + 1);
      if (failures < FLAKY_FAILURES) return reply.code(503).send({ message: 'try again' });
      flaky.delete(key);
    }
    if (kind === 'refused') {
      return {
        verdict: 'refused',
        score: 12,
        reason: 'The background check found an open bankruptcy.',
      };
    }
    return { verdict: 'clear', score: 60 + (digest(email) % 40) };
  });

  app.post('/accounts', async (request, reply) => {
    const { email } = person.parse(request.body);
    const kind = email.split('@')[0];
    if (kind === 'down') return reply.code(503).send({ message: 'closed for maintenance' });
    if (kind === 'taken') return reply.code(409).send({ message: 'exists' });
    // The same key gets the same account: a repeated call opens no second one.
    return reply.code(201).send({ accountId: `acc-${digest(keyOf(request.headers, email))}` });
  });

  app.post('/reservations', async (request) => ({
    reservationId: `res-${digest(keyOf(request.headers, ''))}`,
  }));

  app.post('/payments', async (request) => {
    const { orderId, amount } = charge.parse(request.body);
    return amount > CREDIT_LIMIT
      ? { status: 'refused', reason: `The bank does not pay more than ${CREDIT_LIMIT}.` }
      : { status: 'paid', paymentId: `pay-${digest(keyOf(request.headers, orderId))}` };
  });

  app.post('/bookings', async (request) => {
    const { orderId, callbackUrl } = booking.parse(request.body);
    void pickUp(callbackUrl, options.apiKey, stopping.signal);
    return { bookingId: `book-${digest(keyOf(request.headers, orderId))}` };
  });

  const url = await app.listen({ host: options.host ?? '127.0.0.1', port: options.port });
  return {
    url,
    async stop() {
      stopping.abort();
      await app.close();
    },
  };
}

/** The courier comes a little later, and calls until somebody listens. */
async function pickUp(
  callbackUrl: string,
  apiKey: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const courier = ['Kim', 'Alex', 'Robin'][randomInt(3)];
  for (let attempt = 0; attempt < CALLBACK_ATTEMPTS && !signal.aborted; attempt++) {
    await sleep(PICK_UP_MS, undefined, { signal }).catch(() => {});
    const answer = await request(callbackUrl, {
      method: 'POST',
      signal,
      headers: {
        'content-type': 'application/json',
        ...(apiKey ? { authorization: `Bearer ${apiKey}` } : {}),
      },
      body: JSON.stringify({ messageName: 'parcel-picked-up', variables: { courier } }),
    }).catch(() => undefined);
    await answer?.body.dump();
    if (answer?.statusCode === 401 || answer?.statusCode === 403) {
      process.stderr.write(
        `The courier may not call back (${answer.statusCode}): PARTNER_API_KEY must be a key with the scope process:start\n`,
      );
    }
    // 409: the process does not wait for the message yet.
    if (answer && answer.statusCode !== 409 && answer.statusCode < 500) return;
  }
}

function keyOf(headers: Record<string, unknown>, fallback: string): string {
  return String(headers['idempotency-key'] ?? fallback);
}

function digest(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE();
}
