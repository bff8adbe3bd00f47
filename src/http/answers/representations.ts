import type { FastifyReply } from 'fastify';
import Negotiator from 'negotiator';
import { sendProblem } from './problems.ts';

/** The media type of each representation, with all its parameters: callers may insist on one. */
type Representations<Name extends string> = Readonly<Record<Name, string>>;

/**
 * The representation that an `Accept` header prefers (RFC 9110, 12.5.1): by the weights in the header, then by the
 * more specific type, then by the order of `available`. A missing or empty header accepts any.
 *
 * @returns null when the header accepts none of them
 */
export function preferred<Name extends string>(
  accept: string | undefined,
  available: Representations<Name>,
): Name | null {
  const headers = accept?.trim() ? { accept } : {};
  const type = new Negotiator({ headers }).mediaType(Object.values(available));
  const found = Object.entries(available).find(([, one]) => one === type);
  return found ? (found[0] as Name) : null;
}

/** 406: names the available types. */
export function sendNotAcceptable(
  reply: FastifyReply,
  available: Representations<string>,
): FastifyReply {
  const types = Object.values(available).map((type) => type.split(';')[0]);
  return sendProblem(
    reply,
    'not-acceptable',
    `\`Accept\` allows none of the types that this path can send, which are ${types.join(', ')}.`,
  );
}
