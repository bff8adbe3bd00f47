/** How calls to the engine say who makes them; one for all who call it. */
export interface EngineAuth {
  /**
   * Value of the `Authorization` header; undefined: none is sent.
   *
   * @throws EngineUnavailableError when none can be had now
   */
  header(): Promise<string | undefined>;
  /**
   * The engine answered 401 to a call with the header `refused`.
   *
   * @returns the header to make the call once more with; undefined: a second try would end the same
   * @throws EngineUnavailableError when none can be had now
   */
  renewed(refused: string | undefined): Promise<string | undefined>;
  close(): Promise<void>;
}

/** For an engine that asks nobody. */
export function noAuth(): EngineAuth {
  return fixedHeader(undefined);
}

/** Basic authentication (RFC 7617). */
export function basicAuth(username: string, password: string): EngineAuth {
  return fixedHeader(`Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`);
}

/** A secret that is known to both sides (RFC 6750). */
export function bearerAuth(secret: string): EngineAuth {
  return fixedHeader(`Bearer ${secret}`);
}

function fixedHeader(header: string | undefined): EngineAuth {
  return {
    header: async () => header,
    renewed: async () => undefined,
    close: async () => {},
  };
}
