import autocannon from 'autocannon';
import { answerCalls } from '../support/child.ts';
import { INPUT, PROCESS_KEY } from '../support/four-steps.ts';

/** Starts processes over HTTP as fast as they are accepted. */
const calls = {
  async run(options: {
    url: string;
    seconds: number;
    connections: number;
    /** Sent as bearer token. */
    key?: string;
    /** Requests a second over all connections; left out: each sends the next at the answer. */
    rate?: number;
    /** A 503 is an answer like others, and counted apart. */
    mayRefuse?: boolean;
    /** The longest that an answer may take, by default 10. */
    timeoutSeconds?: number;
  }): Promise<{ perSecond: number; refusedPerSecond: number }> {
    const result = await autocannon({
      url: `${options.url}/api/process/start`,
      connections: options.connections,
      duration: options.seconds,
      ...(options.rate === undefined ? {} : { overallRate: options.rate }),
      ...(options.timeoutSeconds === undefined ? {} : { timeout: options.timeoutSeconds }),
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        prefer: 'respond-async',
        ...(options.key ? { authorization: `Bearer ${options.key}` } : {}),
      },
      body: JSON.stringify({ processKey: PROCESS_KEY, variables: INPUT }),
    });
    const refused = options.mayRefuse ? (result.statusCodeStats?.['503']?.count ?? 0) : 0;
    const failed = result.non2xx - refused + result.errors + result.timeouts;
    if (failed > 0) throw new Error(`${failed} requests were not accepted`);
    return {
      perSecond: result['2xx'] / result.duration,
      refusedPerSecond: refused / result.duration,
    };
  },
};

export type Load = typeof calls;
answerCalls(calls);
