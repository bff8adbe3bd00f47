import { lookup as dnsLookup } from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { CallbackAnswer, SendCallback } from '../../domain/callbacks/index.ts';
import { isForbidden } from './callback-addresses.ts';

interface SenderOptions {
  /** Milliseconds for one request, from the look-up of the name to the end of the answer. */
  timeoutMs: number;
  userAgent: string;
  /** Resolves names; for tests. */
  lookup?: typeof dnsLookup;
}

export interface CallbackSender {
  send: SendCallback;
  /** Closes idle connections. */
  close(): void;
}

/** Bytes of the head of an answer, and of its body, which is thrown away. */
const MAX_HEAD = 16_384;
const MAX_BODY = 65_536;
const MAX_SOCKETS = 32;

/**
 * Sends callbacks. The addresses of a host are checked at the look-up whose answer the socket connects to: a name that
 * resolves to another address a moment later changes nothing. One forbidden address among several forbids the host.
 * Redirects are answers like others, a proxy of the environment is not used, and no byte of an answer is kept.
 */
export function createCallbackSender(options: SenderOptions): CallbackSender {
  const { timeoutMs, userAgent, lookup = dnsLookup } = options;
  const agents = [false, true].map((isPrivateAllowed) => {
    const agentOptions = {
      keepAlive: true,
      maxSockets: MAX_SOCKETS,
      lookup: checkedLookup(lookup, isPrivateAllowed),
    };
    return { http: new http.Agent(agentOptions), https: new https.Agent(agentOptions) };
  }) as [Agents, Agents];

  function request(wanted: Parameters<SendCallback>[0], signal: AbortSignal) {
    const { url, isPrivateAllowed, headers, body } = wanted;
    const { protocol, hostname } = new URL(url);
    const agent = agents[isPrivateAllowed ? 1 : 0];
    const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
    return new Promise<CallbackAnswer>((resolve, reject) => {
      // Node looks up no address.
      if (isIP(bare) !== 0 && isForbidden(bare, isPrivateAllowed)) {
        reject(new Error(forbidden(bare, bare)));
        return;
      }
      const isTls = protocol === 'https:';
      const sent = (isTls ? https : http).request(
        url,
        {
          method: 'POST',
          agent: isTls ? agent.https : agent.http,
          signal,
          maxHeaderSize: MAX_HEAD,
          headers: {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
            'user-agent': userAgent,
            ...headers,
          },
        },
        (answer) => {
          const { statusCode: status = 0, headers: head } = answer;
          const retryAfter = head['retry-after'];
          let bytes = 0;
          answer.on('data', (chunk: Buffer) => {
            bytes += chunk.length;
            if (bytes > MAX_BODY) answer.destroy();
          });
          // However its body ends, the receiver has answered.
          answer.on('error', () => {});
          answer.on('close', () => resolve({ status, retryAfter }));
        },
      );
      sent.on('error', (error: NodeJS.ErrnoException) => {
        reject(Object.assign(error, { wasReused: sent.reusedSocket }));
      });
      sent.end(body);
    });
  }

  return {
    async send(wanted) {
      const signal = AbortSignal.timeout(timeoutMs);
      try {
        return await request(wanted, signal).catch((error: unknown) => {
          // Race: the receiver closes an idle connection while a request is sent on it.
          const { code, wasReused } = error as { code?: string; wasReused?: boolean };
          if (wasReused && code === 'ECONNRESET') return request(wanted, signal);
          throw error;
        });
      } catch (cause) {
        if (!signal.aborted) throw new Error(reasonOf(cause), { cause });
        throw new Error(`it did not answer within ${timeoutMs} ms`, { cause });
      }
    },
    close() {
      for (const agent of agents) {
        agent.http.destroy();
        agent.https.destroy();
      }
    },
  };
}

interface Agents {
  http: http.Agent;
  https: https.Agent;
}

/** A look-up that fails when one of the addresses is forbidden. */
function checkedLookup(lookup: typeof dnsLookup, isPrivateAllowed: boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) {
        callback(error, '', 0);
        return;
      }
      const wrong = addresses.find(({ address }) => isForbidden(address, isPrivateAllowed));
      const [first] = addresses;
      if (wrong || !first) {
        callback(new Error(forbidden(hostname, wrong?.address ?? 'no address')), '', 0);
      } else if (options.all) {
        callback(null, addresses);
      } else {
        callback(null, first.address, first.family);
      }
    });
  };
}

function forbidden(hostname: string, address: string): string {
  return hostname === address
    ? `the address ${address} is not allowed for callbacks`
    : `${hostname} resolves to ${address}, which is not allowed for callbacks`;
}

/** Without the stack; several attempts to connect have one error each. */
function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError) {
    return [...new Set(cause.errors.map((error: unknown) => reasonOf(error)))].join('; ');
  }
  return cause instanceof Error ? cause.message : String(cause);
}
