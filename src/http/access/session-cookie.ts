import type { IncomingHttpHeaders } from 'node:http';
import { parseCookie, stringifySetCookie } from 'cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LOGIN_TIMEOUT_SECONDS } from '../../access/oidc.ts';

/**
 * The names of the session's cookie. With TLS browsers keep one of this prefix only if this very host has set it, for all
 * of its paths (https://www.rfc-editor.org/rfc/rfc6265bis, section 4.1.3.2).
 */
const SECURE_NAME = '__Host-fastify-camunda';
const PLAIN_NAME = 'fastify-camunda';
const LOGIN_NAME = 'fastify-camunda-login';
const LOGIN_PATH = '/console/callback';

/** For the OpenAPI document. */
export const SESSION_COOKIE = SECURE_NAME;

type Origin = Pick<FastifyRequest, 'protocol'>;

/** The text of the session that a browser sent. */
export function readSession({ cookie }: IncomingHttpHeaders): string | undefined {
  if (!cookie) return undefined;
  const cookies = parseCookie(cookie);
  return cookies[SECURE_NAME] ?? cookies[PLAIN_NAME];
}

/** @param consoleUrl of the configuration: a proxy may end TLS without saying so */
export function isSecure({ protocol }: Origin, consoleUrl: string): boolean {
  return protocol === 'https' || consoleUrl.startsWith('https:');
}

/** Keeps a session in the browser, where no script can read it and no page of another site can have it sent. */
export function setSession(
  reply: FastifyReply,
  text: string,
  secure: boolean,
  expires: Date,
): void {
  const name = secure ? SECURE_NAME : PLAIN_NAME;
  const options = { path: '/', httpOnly: true, sameSite: 'strict', secure, expires } as const;
  reply.header('Set-Cookie', stringifySetCookie({ name, value: text, ...options }));
}

export function removeSession(reply: FastifyReply, secure: boolean): void {
  setSession(reply, '', secure, new Date(0));
}

/** What the browser must bring back from the identity provider, whose page sends it here: not `strict`. */
export function setLogin(
  reply: FastifyReply,
  text: string,
  secure: boolean,
  maxAge = LOGIN_TIMEOUT_SECONDS,
): void {
  const options = { path: LOGIN_PATH, httpOnly: true, sameSite: 'lax', secure, maxAge } as const;
  reply.header('Set-Cookie', stringifySetCookie({ name: LOGIN_NAME, value: text, ...options }));
}

export function removeLogin(reply: FastifyReply, secure: boolean): void {
  setLogin(reply, '', secure, 0);
}

export function readLogin({ cookie }: IncomingHttpHeaders): string | undefined {
  return cookie ? parseCookie(cookie)[LOGIN_NAME] : undefined;
}
