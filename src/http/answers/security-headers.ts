/** For answers that are not pages: if a browser shows one as a page, nothing in it runs. */
export const DATA_CSP = "default-src 'none'; frame-ancestors 'none'";

/**
 * The headers of every answer: those that helmet sets (https://helmetjs.github.io), as constants, because running it
 * for each request takes longer than all checks of a request. Strict-Transport-Security belongs where TLS ends, which
 * is not here.
 */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': DATA_CSP,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Origin-Agent-Cluster': '?1',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-DNS-Prefetch-Control': 'off',
  'X-Download-Options': 'noopen',
  'X-Frame-Options': 'SAMEORIGIN',
  'X-Permitted-Cross-Domain-Policies': 'none',
  'X-XSS-Protection': '0',
};
