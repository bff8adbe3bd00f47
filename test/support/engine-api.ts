import { z } from 'zod';

const variablesAnswer = z.record(z.string(), z.object({ type: z.string(), value: z.unknown() }));
const tasksAnswer = z.array(
  z.object({
    id: z.string(),
    retries: z.number().nullable(),
    workerId: z.string().nullable(),
    lockExpirationTime: z.string().nullable(),
  }),
);
const incidentsAnswer = z.array(z.object({ incidentMessage: z.string().nullable() }));
const startAnswer = z.object({ id: z.string() });
const historyAnswer = z.object({ state: z.string() });

/** What the tests ask an engine besides what the service itself asks. */
export function engineApi(url: string) {
  async function call(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`);
    return text === '' ? null : JSON.parse(text);
  }
  return {
    async variables(instanceId: string) {
      return variablesAnswer.parse(await call('GET', `/process-instance/${instanceId}/variables`));
    },
    async tasks(instanceId: string) {
      return tasksAnswer.parse(await call('GET', `/external-task?processInstanceId=${instanceId}`));
    },
    async incidents(instanceId: string) {
      return incidentsAnswer.parse(await call('GET', `/incident?processInstanceId=${instanceId}`));
    },
    async state(instanceId: string) {
      return historyAnswer.parse(await call('GET', `/history/process-instance/${instanceId}`))
        .state;
    },
    setRetries: (taskId: string, retries: number) =>
      call('PUT', `/external-task/${taskId}/retries`, { retries }),
    async startRaw(key: string, businessKey: string | null, variables: Record<string, unknown>) {
      const path = `/process-definition/key/${key}/start`;
      return startAnswer.parse(await call('POST', path, { businessKey, variables }));
    },
    /** Removes a process with all its instances; the embedded engine is thrown away whole. */
    async forget(key: string) {
      const found = await fetch(`${url}/deployment?name=${key}`);
      if (!found.ok) return;
      const deployments = z.array(z.object({ id: z.string() })).parse(await found.json());
      for (const { id } of deployments) {
        await call('DELETE', `/deployment/${id}?cascade=true&skipCustomListeners=true`);
      }
    },
  };
}
