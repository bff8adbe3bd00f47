import { api, bodyOf, type Process } from '../../api/client.ts';
import { messageOf } from '../../api/problem.ts';

export type Command = 'retry' | 'cancel';

const AT_ONCE = 4;

/** Whether the service would take this command for the process. */
export function allowsCommand(command: Command, { status, error, archived }: Process): boolean {
  if (archived) return false;
  return command === 'cancel' ? status === 'pending' : error?.kind === 'technical';
}

/** Retries or cancels a process, for a reason; the answer does not wait for the end. */
export function sendCommand(command: Command, correlationId: string, reason: string) {
  const init = {
    params: { path: { correlationId } },
    body: { reason },
  };
  return command === 'cancel'
    ? bodyOf(api.POST('/api/process/{correlationId}/cancel', init))
    : bodyOf(
        api.POST('/api/process/{correlationId}/retry', {
          ...init,
          params: { ...init.params, header: { prefer: 'respond-async' } },
        }),
      );
}

export interface CommandProgress {
  done: number;
  failures: readonly { correlationId: string; message: string }[];
}

/** Sends a command for many processes, a few at a time; what fails does not stop the others. */
export async function sendCommands(
  command: Command,
  correlationIds: readonly string[],
  reason: string,
  onProgress: (progress: CommandProgress) => void,
): Promise<CommandProgress> {
  const waiting = [...correlationIds];
  let progress: CommandProgress = { done: 0, failures: [] };

  async function work(): Promise<void> {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      const correlationId = id;
      const message = await sendCommand(command, correlationId, reason).then(() => null, messageOf);
      const failures =
        message === null ? progress.failures : [...progress.failures, { correlationId, message }];
      progress = { done: progress.done + 1, failures };
      onProgress(progress);
    }
  }

  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return progress;
}
