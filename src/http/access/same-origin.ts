import type { FastifyRequest } from 'fastify';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

type Sent = Pick<FastifyRequest, 'method' | 'headers' | 'host'>;

/**
 * True for a changing request that a page of another site sent. Browsers name the origin of a request
 * (https://www.w3.org/TR/fetch-metadata/); programs need not. It matters where no credential is needed, or the
 * browser adds it by itself.
 */
export function isCrossSite({ method, headers }: Sent): boolean {
  if (SAFE_METHODS.has(method)) return false;
  const site = headers['sec-fetch-site'];
  return site !== undefined && site !== 'same-origin' && site !== 'none';
}

/**
 * Whether a page of this very origin sent a changing request, as its browser says. `SameSite` alone would let a page of
 * another host in the same domain send one. Over plain HTTP browsers send `Origin` only, which is compared with the host
 * that was called.
 */
export function isFromOwnPage({ method, headers, host }: Sent): boolean {
  if (SAFE_METHODS.has(method)) return true;
  const { origin, 'sec-fetch-site': site } = headers;
  if (site !== undefined) return site === 'same-origin';
  return origin !== undefined && URL.canParse(origin) && new URL(origin).host === host;
}
