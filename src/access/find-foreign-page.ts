import type { IncomingMessage } from 'node:http';
import { isLoopback } from './is-loopback.ts';

/**
 * Finds signs that a browser sent a request for a page from another machine. A server that needs no credential
 * because it listens on loopback only must refuse such a request: a page of any site can make a browser send requests
 * to loopback, and with DNS rebinding (a domain that resolves to 127.0.0.1) read the answers. Programs on this machine
 * use a loopback name.
 *
 * - `Host` must name loopback, with any port (RFC 9110, section 7.2). An HTTP/1.0 request without `Host` does not
 *   come from a browser.
 * - `Origin`, when it is sent, must name loopback, too (RFC 6454; `null` stands for a page without an origin).
 * - `Sec-Fetch-Site: cross-site` (https://www.w3.org/TR/fetch-metadata/) is a page of another site, except when a
 *   person follows a link, whose answer that page cannot read.
 *
 * @returns a clause for the reason, or null when there is no such sign
 */
export function findForeignPage({
  method = 'GET',
  headers,
}: Pick<IncomingMessage, 'headers'> & { method?: string | undefined }): string | null {
  const { host, origin } = headers;
  if (host !== undefined && !isLoopback(hostNameOf(host))) {
    return 'the Host header does not name this machine by a loopback address or localhost';
  }
  if (origin !== undefined && !isLoopbackOrigin(origin)) {
    return 'the Origin header does not name a page of this machine';
  }
  if (headers['sec-fetch-site'] === 'cross-site' && !isLinkFollowed(method, headers)) {
    return 'the Sec-Fetch-Site header says that a page of another site sent it';
  }
  return null;
}

/** Without the port, and without the brackets of an IPv6 address. */
function hostNameOf(host: string): string {
  const [, address, name] = /^(?:\[([^[\]]*)\]|([^:]*))(?::\d*)?$/.exec(host) ?? [];
  return address ?? name ?? '';
}

function isLoopbackOrigin(origin: string): boolean {
  if (!URL.canParse(origin)) return false;
  const { protocol, hostname } = new URL(origin);
  return /^https?:$/.test(protocol) && isLoopback(hostname.replace(/^\[|\]$/g, ''));
}

function isLinkFollowed(method: string, headers: IncomingMessage['headers']): boolean {
  return (
    (method === 'GET' || method === 'HEAD') &&
    headers['sec-fetch-mode'] === 'navigate' &&
    headers['sec-fetch-dest'] === 'document'
  );
}
