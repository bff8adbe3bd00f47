import type { IncomingHttpHeaders } from 'node:http';
import type { Credential } from '../../access/caller.ts';
import { readSession } from './session-cookie.ts';

/**
 * Reads the credential of a request: `X-API-Key`, or a key or token as `Authorization: Bearer` (RFC 6750), or a key
 * as the password of HTTP Basic (RFC 7617) with any name, which is what a browser sends, or the session of a browser that
 * has signed in. `X-API-Key` comes first: a gateway may need `Authorization` for itself.
 */
export function readCredential(headers: IncomingHttpHeaders): Credential | null {
  const key = headers['x-api-key'];
  if (typeof key === 'string' && key !== '') return { scheme: 'header', text: key.trim() };
  const { authorization } = headers;
  if (authorization === undefined) {
    const session = readSession(headers);
    return session ? { scheme: 'session', text: session } : null;
  }
  const [, scheme = '', value = ''] = /^(\S+) +(\S+) *$/.exec(authorization) ?? [];
  switch (scheme.toLowerCase()) {
    case 'bearer':
      return { scheme: 'bearer', text: value };
    case 'basic': {
      const decoded = Buffer.from(value, 'base64').toString('latin1');
      return { scheme: 'basic', text: decoded.slice(decoded.indexOf(':') + 1) };
    }
    default:
      return { scheme: 'bearer', text: '' };
  }
}
