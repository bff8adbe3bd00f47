/** The headers of a callback, of a request of any server: an object, or `Headers`. */
export type CallbackHeaders = Headers | Record<string, string | readonly string[] | undefined>;

export interface VerifyOptions {
  /** Seconds that the clocks may differ, and a callback may take. Default 300. */
  toleranceS?: number | undefined;
  /** Milliseconds of the epoch. */
  now?: number | undefined;
}

/** A callback is not what the service has signed, or too old. */
export class CallbackError extends Error {
  override readonly name = 'CallbackError';
}

const TOLERANCE_S = 300;

/**
 * Checks a callback by the headers of Standard Webhooks (https://www.standardwebhooks.com) and returns its body, parsed.
 *
 * @param body the bytes as they arrived, or their text: JSON that was written again has another signature
 * @param secret `whsec_…`; during a rotation several
 * @throws CallbackError
 */
export async function verifyCallback<Body = unknown>(
  body: string | Uint8Array,
  headers: CallbackHeaders,
  secret: string | readonly string[],
  { toleranceS = TOLERANCE_S, now = Date.now() }: VerifyOptions = {},
): Promise<Body> {
  const id = headerOf(headers, 'webhook-id');
  const timestamp = headerOf(headers, 'webhook-timestamp');
  const signatures = headerOf(headers, 'webhook-signature').split(' ');
  const seconds = /^\d{1,12}$/.test(timestamp) ? Number(timestamp) : Number.NaN;
  if (!(Math.abs(now / 1_000 - seconds) <= toleranceS)) {
    throw new CallbackError('webhook-timestamp: is missing, or too far from the time here');
  }
  const text = typeof body === 'string' ? body : new TextDecoder().decode(body);
  const signed = new TextEncoder().encode(`${id}.${timestamp}.${text}`);
  for (const one of [secret].flat()) {
    const key = await crypto.subtle.importKey(
      'raw',
      bytesOf(one.replace(/^whsec_/, '')),
      { name: 'HMAC', hash: 'SHA-256' },
      false,
      ['verify'],
    );
    for (const signature of signatures) {
      const [version, value = ''] = signature.split(',');
      // Compares in constant time.
      if (version === 'v1' && (await crypto.subtle.verify('HMAC', key, bytesOf(value), signed))) {
        return JSON.parse(text) as Body;
      }
    }
  }
  throw new CallbackError('webhook-signature: none of the signatures fits');
}

function headerOf(headers: CallbackHeaders, name: string): string {
  if (headers instanceof Headers) return headers.get(name) ?? '';
  const found = Object.entries(headers).find(([key]) => key.toLowerCase() === name);
  return String([found?.[1] ?? ''].flat()[0]);
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  } catch (cause) {
    throw new CallbackError('a secret or a signature is not base64', { cause });
  }
}
