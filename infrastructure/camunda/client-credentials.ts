import type { EngineAuth } from './engine-auth.ts';
import { createTokenEndpoint, type TokenEndpointOptions } from './token-endpoint.ts';

interface ClientCredentialsOptions extends TokenEndpointOptions {
  /** Milliseconds of a clock that only goes forward. */
  now: () => number;
}

interface Token {
  header: string;
  fetchedAt: number;
  /** From here on a new one is requested. */
  staleAt: number;
  /** From here on the engine refuses it. */
  expiresAt: number;
}

/** A token is renewed this many milliseconds before it expires, or in its last quarter if that is shorter. */
const MARGIN_MS = 30_000;
/** Delay after a failed renewal, in milliseconds: otherwise every call would ask the token endpoint. */
const RETRY_DELAY_MS = 1_000;
/** The engine would refuse the successor of a token that is younger than this, in milliseconds, too. */
const FRESH_MS = 1_000;

/**
 * OAuth 2.0 client credentials (RFC 6749, section 4.4). One token for all callers, kept until shortly
 * before it expires; however many ask, one request for a new one runs. While the token endpoint
 * is away, the current token is used until it expires.
 */
export function clientCredentials(options: ClientCredentialsOptions): EngineAuth {
  const { now } = options;
  const endpoint = createTokenEndpoint(options);
  let token: Token | undefined;
  let fetching: Promise<Token> | undefined;
  let failed: { at: number; error: unknown } | undefined;

  async function request(): Promise<Token> {
    const askedAt = now();
    try {
      const { accessToken, expiresInMs } = await endpoint.request();
      const margin = Math.min(MARGIN_MS, expiresInMs / 4);
      token = {
        header: `Bearer ${accessToken}`,
        fetchedAt: now(),
        // Counted from the question: the endpoint's clock began to run somewhere after it.
        staleAt: askedAt + expiresInMs - margin,
        expiresAt: askedAt + expiresInMs,
      };
      failed = undefined;
      return token;
    } catch (error) {
      failed = { at: now(), error };
      throw error;
    }
  }

  /** @throws EngineUnavailableError of this attempt, or of one that failed a moment ago */
  async function fetchToken(): Promise<Token> {
    if (failed && now() - failed.at < RETRY_DELAY_MS) throw failed.error;
    fetching ??= request().finally(() => {
      fetching = undefined;
    });
    return fetching;
  }

  return {
    async header() {
      if (token && now() < token.staleAt) return token.header;
      try {
        return (await fetchToken()).header;
      } catch (error) {
        if (token && now() < token.expiresAt) return token.header;
        throw error;
      }
    },
    async renewed(refused) {
      if (token && token.header !== refused) return token.header;
      if (token && now() - token.fetchedAt < FRESH_MS) return undefined;
      // Not to be used again, even if no new one can be had now.
      token = undefined;
      const { header } = await fetchToken();
      return header === refused ? undefined : header;
    },
    close: () => endpoint.close(),
  };
}
