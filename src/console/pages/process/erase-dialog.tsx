import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api, bodyOf } from '../../api/client.ts';
import { messageOf } from '../../api/problem.ts';
import { Dialog } from '../../parts/dialog.tsx';
import { ReasonField, reasonOf } from '../../parts/reason-field.tsx';

/** The service keeps keys in memory for five seconds. */
const UNREADABLE_AFTER_MS = 5_500;

/** Erases the personal data of a process; its correlation id has to be typed, because nothing brings the data back. */
export function EraseDialog({
  correlationId,
  onClose,
}: {
  correlationId: string;
  onClose: () => void;
}) {
  const client = useQueryClient();
  const [typed, setTyped] = useState('');
  const erasure = useMutation({
    mutationFn: (reason: string) =>
      bodyOf(
        api.POST('/api/process/{correlationId}/erase', {
          params: { path: { correlationId } },
          body: { reason },
        }),
      ),
    onSuccess() {
      setTimeout(() => void client.invalidateQueries(), UNREADABLE_AFTER_MS);
    },
  });

  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    erasure.mutate(reasonOf(event.currentTarget));
  }

  return (
    <Dialog title={`Erase the personal data of ${correlationId}`} onClose={onClose}>
      <form onSubmit={submit}>
        <p>
          The key of its personal data is destroyed: the values read as “[erased]” for ever, also in
          copies and exports. The process itself and its events remain.
        </p>
        <ReasonField />
        <label>
          Type the correlation id to confirm
          <input
            type="text"
            value={typed}
            autoComplete="off"
            spellCheck={false}
            onChange={({ target }) => setTyped(target.value)}
          />
        </label>
        {erasure.isError && (
          <p role="alert" className="error">
            {messageOf(erasure.error)}
          </p>
        )}
        {erasure.data && (
          <p role="status">
            Erased. Within five seconds the values are unreadable, also on this page.
            {erasure.data.inTheClear &&
              ' Some of its events were written before encryption was on, and hold values in the clear.'}
            {!erasure.data.isGoneFromEngine &&
              ' The process engine is away; its history of the process is deleted when it answers.'}
          </p>
        )}
        <footer>
          <button type="button" onClick={onClose}>
            {erasure.data ? 'Close' : 'Back'}
          </button>
          {!erasure.data && (
            <button
              type="submit"
              className="danger"
              disabled={erasure.isPending || typed !== correlationId}
            >
              Erase
            </button>
          )}
        </footer>
      </form>
    </Dialog>
  );
}
