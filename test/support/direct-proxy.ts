import { StoreUnavailableError } from '../../domain/common/errors.ts';
import type {
  EmbeddedEngine,
  ExternalTaskService,
} from '../../infrastructure/embedded-engine/engine-api.ts';
import { BadRequest } from '../../infrastructure/embedded-engine/typed-value.ts';
import type { EngineCall, EngineProxy, ProxyAction } from './worker-proxy.ts';

/** What a worker calls of an engine in its process, with the faults that a proxy between the two would make. */
export interface DirectProxy extends Omit<EngineProxy, 'url'> {
  engine: Pick<EmbeddedEngine, 'externalTasks'>;
}

/**
 * Calls are named as those of the REST API. A lost request or answer is a file that cannot be written: nothing else can
 * be lost within a process.
 */
export function createDirectProxy({
  externalTasks,
}: Pick<EmbeddedEngine, 'externalTasks'>): DirectProxy {
  const calls: EngineCall[] = [];
  let decide: (call: EngineCall) => ProxyAction | Promise<ProxyAction> = () => 'pass';

  function seen(path: string, body: Record<string, unknown> = {}): EngineCall {
    const call = { method: 'POST', path: `/external-task/${path}`, body };
    calls.push(call);
    return call;
  }

  async function through(call: EngineCall, work: () => Promise<void>): Promise<void> {
    const action = await decide(call);
    switch (action) {
      case 'pass':
        return work();
      case 'lose-request':
      case 'answer-conflict':
        throw new StoreUnavailableError('the file took no write');
      case 'lose-answer':
        await work();
        throw new StoreUnavailableError('the file took no write');
      case 'answer-500':
        throw new BadRequest('it does not work', 500, 'ProcessEngineException');
      case 'hang':
        return new Promise(() => {});
      default:
        return action satisfies never;
    }
  }

  const proxied: ExternalTaskService = {
    ...externalTasks,
    fetchAndLock(request) {
      seen('fetchAndLock', { ...request });
      return externalTasks.fetchAndLock(request);
    },
    complete: (id, workerId, variables, locals) =>
      through(seen(`${id}/complete`, { variables }), () =>
        externalTasks.complete(id, workerId, variables, locals),
      ),
    failure: (id, workerId, failure) =>
      through(seen(`${id}/failure`, { ...failure }), () =>
        externalTasks.failure(id, workerId, failure),
      ),
    bpmnError: (id, workerId, error, variables) =>
      through(seen(`${id}/bpmnError`, { ...error, variables }), () =>
        externalTasks.bpmnError(id, workerId, error, variables),
      ),
    unlock: (id) => through(seen(`${id}/unlock`), () => externalTasks.unlock(id)),
  };
  return {
    engine: { externalTasks: proxied },
    calls,
    intercept(next) {
      decide = next;
    },
    // There is no connection to cut.
    cut: async () => {},
    restore: async () => {},
    stop: async () => {},
  };
}
