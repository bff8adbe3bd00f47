import type { IncomingMessage, ServerResponse } from 'node:http';
import helmet from 'helmet';

/** For answers that are not pages: if a browser shows one as a page, nothing in it runs. */
export const DATA_CSP = "default-src 'none'; frame-ancestors 'none'";

/**
 * The headers of every answer: those that helmet sets (https://helmetjs.github.io), taken from it once, because running
 * it for each request takes longer than all checks of a request. Strict-Transport-Security belongs where TLS ends, which
 * is not here.
 */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': DATA_CSP,
  ...headersOfHelmet(),
};

function headersOfHelmet(): Record<string, string> {
  const headers: Record<string, string> = {};
  // What it needs of an answer.
  const answer = {
    setHeader: (name: string, value: string) => void Object.assign(headers, { [name]: value }),
    removeHeader() {},
  } as unknown as ServerResponse;
  const setHeaders = helmet({ contentSecurityPolicy: false, strictTransportSecurity: false });
  setHeaders({} as IncomingMessage, answer, (error) => {
    if (error) throw error;
  });
  return headers;
}
