import type { FastifyReply } from 'fastify';
import Negotiator from 'negotiator';
import { sendProblem } from './problems.ts';

/** A representation's media type with all its parameters, for callers who insist on one of them. */
type Representations<Name extends string> = Readonly<Record<Name, string>>;

/**
 * The representation that an `Accept` header prefers (RFC 9110, 12.5.1): the header's weights first, then what it
 * names more exactly, then the order of `available`. No header, and an empty one, means any.
 *
 * @returns null when none fits
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

/** 406: names what there is. */
export function sendNotAcceptable(
  reply: FastifyReply,
  available: Representations<string>,
): FastifyReply {
  const types = Object.values(available).map((type) => type.split(';')[0]);
  return sendProblem(
    reply,
    'not-acceptable',
    `No type that \`Accept\` takes can be sent; there are ${types.join(', ')}.`,
  );
}
