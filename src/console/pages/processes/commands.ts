import { api, bodyOf, type Process } from '../../api/client.ts';
import { messageOf } from '../../api/problem.ts';
import type { Scope } from '../../api/session.ts';

export type Command = 'retry' | 'cancel' | 'restore';

/** What a caller needs for it. */
export const SCOPE_OF = {
  retry: 'process:start',
  cancel: 'process:start',
  restore: 'admin',
} as const satisfies Record<Command, Scope>;

const AT_ONCE = 4;

/** Whether the service would take this command for the process. */
export function allowsCommand(command: Command, { status, error, archived }: Process): boolean {
  if (command === 'restore') return archived === true;
  if (archived) return false;
  return command === 'cancel' ? status === 'pending' : error?.kind === 'technical';
}

/** Retries, cancels or restores a process, for a reason; the answer does not wait for the end. */
export function sendCommand(
  command: Command,
  correlationId: string,
  reason: string,
): Promise<object> {
  const init = {
    params: { path: { correlationId } },
    body: { reason },
  };
  switch (command) {
    case 'cancel':
      return bodyOf(api.POST('/api/process/{correlationId}/cancel', init));
    case 'restore':
      return bodyOf(api.POST('/api/process/{correlationId}/restore', init));
    case 'retry': {
      const params = { ...init.params, header: { prefer: 'respond-async' } };
      return bodyOf(api.POST('/api/process/{correlationId}/retry', { ...init, params }));
    }
    default:
      return command satisfies never;
  }
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
