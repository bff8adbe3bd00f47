import { Agent, request } from 'undici';
import { z } from 'zod';
import { cutText } from '../../domain/common/index.ts';
import { TokenUnavailableError } from './token-error.ts';

export interface TokenEndpointOptions {
  tokenUrl: string;
  clientId: string;
  clientSecret: string;
  /** Empty: not asked for. */
  scope: string;
  /** Not in RFC 6749, but some servers cannot do without; empty: not sent. */
  audience: string;
  /** Milliseconds for one request. */
  timeoutMs?: number;
}

export interface GrantedToken {
  accessToken: string;
  /** Infinity when the server does not say: the engine's 401 tells then. */
  expiresInMs: number;
}

/** How the client says who it is (RFC 6749, section 2.3.1): in the header, or in the body. */
type ClientAuth = 'header' | 'body';

/** With these a server refuses a way of saying who asks, each with an error code of its own. */
const AUTH_REFUSALS = new Set([400, 401]);

/** RFC 6749, section 5.1; a token must fit into a header. */
const grantSchema = z.object({
  access_token: z.string().regex(/^[\x21-\x7e]+$/),
  token_type: z.string().regex(/^bearer$/i),
  expires_in: z.coerce.number().positive().optional(),
});
/** RFC 6749, section 5.2. */
const refusalSchema = z.object({
  error: z.string(),
  error_description: z.string().optional(),
});

/**
 * Asks an authorization server for tokens with the client's own credentials. Every server knows the
 * header, but some let a client use only the body: after a refusal that is tried, and what has worked
 * once is kept.
 */
export function createTokenEndpoint(options: TokenEndpointOptions) {
  const { tokenUrl, clientId, clientSecret, scope, audience, timeoutMs = 10_000 } = options;
  const agent = new Agent({ connections: 1 });
  let known: ClientAuth | undefined;

  async function ask(how: ClientAuth): Promise<GrantedToken> {
    const form = new URLSearchParams({ grant_type: 'client_credentials' });
    if (scope !== '') form.set('scope', scope);
    if (audience !== '') form.set('audience', audience);
    if (how === 'body') {
      form.set('client_id', clientId);
      form.set('client_secret', clientSecret);
    }
    const { status, text } = await post(form, how === 'header' ? headerOf() : {});
    if (status !== 200) throw refusal(status, text);
    const grant = grantSchema.safeParse(parse(text));
    if (!grant.success) {
      const what = z.prettifyError(grant.error).replaceAll(/\s+/g, ' ');
      throw new TokenUnavailableError(`${tokenUrl} answered 200, but with no token: ${what}`, null);
    }
    const { access_token: accessToken, expires_in: seconds } = grant.data;
    return { accessToken, expiresInMs: (seconds ?? Number.POSITIVE_INFINITY) * 1_000 };
  }

  async function post(
    form: URLSearchParams,
    headers: Record<string, string>,
  ): Promise<{ status: number; text: string }> {
    try {
      const answer = await request(tokenUrl, {
        method: 'POST',
        dispatcher: agent,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        headers: {
          ...headers,
          accept: 'application/json',
          'content-type': 'application/x-www-form-urlencoded',
        },
        body: form.toString(),
      });
      return { status: answer.statusCode, text: await answer.body.text() };
    } catch (cause) {
      throw new TokenUnavailableError(`${tokenUrl} cannot be reached`, null, { cause });
    }
  }

  /** Both parts are form-encoded first, says section 2.3.1. */
  function headerOf(): Record<string, string> {
    const pair = `${formEncode(clientId)}:${formEncode(clientSecret)}`;
    return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
  }

  function refusal(status: number, text: string): TokenUnavailableError {
    const said = refusalSchema.safeParse(parse(text));
    if (!said.success) {
      return new TokenUnavailableError(
        `${tokenUrl} answered ${status}: ${cutText(masked(text), 200) || 'no reason given'}`,
        status === 401 ? { status, error: 'invalid_client' } : null,
      );
    }
    const { error, error_description: description } = said.data;
    const words = cutText(masked(description ? `${error} (${description})` : error), 300);
    return new TokenUnavailableError(`${tokenUrl} answered ${status}: ${words}`, { status, error });
  }

  /** A server may repeat what it was sent. */
  function masked(text: string): string {
    return text.replaceAll(clientSecret, '***').replaceAll(/\s+/g, ' ');
  }

  return {
    /** @throws TokenUnavailableError */
    async request(): Promise<GrantedToken> {
      try {
        const token = await ask(known ?? 'header');
        known ??= 'header';
        return token;
      } catch (error) {
        const refused = error instanceof TokenUnavailableError ? error.refusal : null;
        if (known !== undefined || !AUTH_REFUSALS.has(refused?.status ?? 0)) throw error;
        // Where that is refused as well, the answer to what every server knows says more.
        const token = await ask('body').catch(() => Promise.reject(error));
        known = 'body';
        return token;
      }
    },
    /** Also ends a request that is under way. */
    close: () => agent.destroy(),
  };
}

function formEncode(text: string): string {
  return new URLSearchParams({ x: text }).toString().slice('x='.length);
}

/** Undefined when it is no JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
