import { z } from 'zod';
import type { Engine } from '../../domain/engine/index.ts';
import type { RestClient } from './rest-client.ts';
import { type Cause, causeAnswer, rootOf, unlessUnknown } from './rest-inspection.ts';

const taskAnswer = z.object({
  topicName: z.string(),
  processDefinitionKey: z.string(),
  activityId: z.string(),
});

/** Attempts that a failed job gets: what the engines give a new one. */
const JOB_ATTEMPTS = 3;

/**
 * Whatever has no retries left has an incident that names it, in the instance it belongs to; an incident
 * in a called instance shows in those that called it, and names that one as its root
 * (https://docs.camunda.org/manual/7.24/user-guide/process-engine/incidents/).
 */
export function createRetryFailed({
  call,
  change,
}: Pick<RestClient, 'call' | 'change'>): Engine['retryFailed'] {
  return async (processInstanceId, attemptsOf) => {
    const id = encodeURIComponent(processInstanceId);
    const path = `/incident?processInstanceId=${id}`;
    for (const found of await call(z.array(causeAnswer), 'GET', path)) {
      // Between the look and the call it may have been mended by somebody else.
      await unlessUnknown(async () => giveBack(await rootOf(call, found)));
    }

    async function giveBack(root: Cause): Promise<void> {
      const target = encodeURIComponent(root.configuration ?? '');
      if (target === '') return;
      if (root.incidentType === 'failedExternalTask') {
        const task = await call(taskAnswer, 'GET', `/external-task/${target}`);
        const { topicName: topic, processDefinitionKey: processKey, activityId } = task;
        const retries = attemptsOf({ processKey, topic, activityId });
        await change(z.null(), 'PUT', `/external-task/${target}/retries`, { retries });
      } else if (root.incidentType === 'failedJob') {
        // Now, whatever its retry cycle says; and before it may run, after which it is gone.
        await change(z.null(), 'PUT', `/job/${target}/duedate`, { duedate: null });
        await change(z.null(), 'PUT', `/job/${target}/retries`, { retries: JOB_ATTEMPTS });
      }
    }
  };
}
