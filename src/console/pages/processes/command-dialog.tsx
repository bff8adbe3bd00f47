import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Dialog } from '../../parts/dialog.tsx';
import { ReasonField, reasonOf } from '../../parts/reason-field.tsx';
import { type Command, type CommandProgress, sendCommands } from './commands.ts';

const WORDS = {
  retry: {
    title: 'Retry',
    effect: 'It continues with the step that failed.',
    button: () => 'Retry',
    placeholder: 'the partner is back',
  },
  cancel: {
    title: 'Cancel',
    effect: 'It ends at once, also in the process engine. This is final.',
    button: (count: number) => (count === 1 ? 'Cancel it' : 'Cancel them'),
    placeholder: 'ordered twice',
  },
  restore: {
    title: 'Restore',
    effect: 'It comes back from the archive with all its events.',
    button: () => 'Restore',
    placeholder: 'a question of the customer',
  },
} as const satisfies Record<Command, object>;

/** Asks for a reason, which becomes part of the history, and sends the command for each process. */
export function CommandDialog({
  command,
  correlationIds,
  onClose,
  onSent,
}: {
  command: Command;
  correlationIds: readonly string[];
  onClose: () => void;
  onSent: (isWhole: boolean) => void;
}) {
  const words = WORDS[command];
  const count = correlationIds.length;
  const [progress, setProgress] = useState<CommandProgress | null>(null);
  const sending = useMutation({
    mutationFn: (reason: string) => sendCommands(command, correlationIds, reason, setProgress),
    onSuccess({ failures }) {
      if (failures.length === 0) onClose();
      onSent(failures.length === 0);
    },
  });

  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    sending.mutate(reasonOf(event.currentTarget));
  }

  return (
    <Dialog
      title={`${words.title} ${count === 1 ? correlationIds[0] : `${count} processes`}`}
      onClose={onClose}
    >
      <form onSubmit={submit}>
        <p>{words.effect}</p>
        <ReasonField placeholder={words.placeholder} hint="Kept in the history of each process." />
        <div role="status">{progress && <Progress count={count} {...progress} />}</div>
        <footer>
          <button type="button" onClick={onClose}>
            {sending.isSuccess ? 'Close' : 'Back'}
          </button>
          {!sending.isSuccess && (
            <button
              type="submit"
              className={command === 'cancel' ? 'danger' : 'primary'}
              disabled={sending.isPending}
            >
              {words.button(count)}
            </button>
          )}
        </footer>
      </form>
    </Dialog>
  );
}

function Progress({ count, done, failures }: CommandProgress & { count: number }) {
  return (
    <>
      <p>
        {done} of {count} sent
        {failures.length > 0 && `, ${failures.length} not accepted`}
      </p>
      {failures.length > 0 && (
        <ul className="failures">
          {failures.map(({ correlationId, message }) => (
            <li key={correlationId}>
              <span className="id">{correlationId}</span> {message}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
