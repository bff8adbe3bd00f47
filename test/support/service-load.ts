export interface Load {
  /** Correlation ids that were answered 200 or 202. */
  accepted: string[];
  /** Answers that a caller should not get. */
  refused: string[];
  /** Stops to start and waits for the answers that are still to come. */
  stop(): Promise<void>;
}

/** Starts processes one after the other from several callers, until it is stopped. */
export function startLoad(
  url: string,
  options: { processKey: string; variables: object; callers: number; prefer: string },
): Load {
  const accepted: string[] = [];
  const refused: string[] = [];
  let running = true;

  async function call(): Promise<void> {
    while (running) {
      try {
        const answer = await fetch(`${url}/api/process/start`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', prefer: options.prefer },
          body: JSON.stringify({ processKey: options.processKey, variables: options.variables }),
        });
        const text = await answer.text();
        if (answer.status === 200 || answer.status === 202) {
          accepted.push(JSON.parse(text).correlationId);
        } else {
          refused.push(`${answer.status} ${text}`);
        }
      } catch {
        // The service was killed or has stopped: nobody said yes, so nothing was promised.
        return;
      }
    }
  }

  const callers = Array.from({ length: options.callers }, call);
  return {
    accepted,
    refused,
    async stop() {
      running = false;
      await Promise.all(callers);
    },
  };
}
