import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CallerWait } from '../../../domain/process/index.ts';
import { sendOverloaded } from '../answers/unavailable.ts';
import type { LoadLimits } from './load-limits.ts';
import { preferredWait } from './prefer.ts';

export interface WaitLimits {
  load: LoadLimits;
  /** The longest time that a call waits. */
  waitTimeoutMs: number;
}

/** Made once: an error for each caller would cost more than the rest of the wait. */
const HUNG_UP = new Error('the caller hung up');

/** Aborted when the caller hangs up before it has its answer. */
export function hungUpSignal({ raw }: FastifyReply): AbortSignal {
  const hungUp = new AbortController();
  const onClose = (): void => {
    if (!raw.writableFinished) hungUp.abort(HUNG_UP);
  };
  if (raw.destroyed) onClose();
  else raw.once('close', onClose);
  return hungUp.signal;
}

/** How long a caller wants to wait, in milliseconds, at most as long as a call may. */
export function wantedWait(
  request: FastifyRequest,
  { waitTimeoutMs }: Pick<WaitLimits, 'waitTimeoutMs'>,
  byDefault: boolean,
): ReturnType<typeof preferredWait> {
  const { prefer } = request.headers;
  const header = Array.isArray(prefer) ? prefer.join(',') : prefer;
  return preferredWait(header, byDefault ? waitTimeoutMs : 0, waitTimeoutMs);
}

/**
 * Begins a call that may wait: reads how long the caller wants to wait (RFC 7240), and answers 503 when the load
 * limits have no room for it.
 *
 * @param options.byDefault without a `Prefer` header the call waits as long as a call may
 * @param options.never the call does not wait, whatever its caller prefers
 * @param options.refuse checks more than the room to wait; like `LoadLimits.refuseStart`
 * @returns null when the call is answered
 */
export function beginWait(
  request: FastifyRequest,
  reply: FastifyReply,
  limits: WaitLimits,
  {
    byDefault = false,
    never = false,
    refuse = (waits: boolean) => (waits ? limits.load.refuseWait() : null),
  }: { byDefault?: boolean; never?: boolean; refuse?: (waits: boolean) => string | null } = {},
): CallerWait | null {
  const { ms, applied } = never
    ? { ms: 0, applied: undefined }
    : wantedWait(request, limits, byDefault);
  const refusal = refuse(ms > 0);
  if (refusal) {
    sendOverloaded(reply, refusal);
    return null;
  }
  if (applied) reply.header('Preference-Applied', applied);
  return {
    ms,
    // Made on first use: calls that do not wait do without it.
    get hungUp() {
      return hungUpSignal(reply);
    },
  };
}
