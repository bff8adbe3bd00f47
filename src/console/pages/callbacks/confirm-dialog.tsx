import type { FormEvent, ReactNode } from 'react';
import { messageOf } from '../../api/problem.ts';
import { Dialog } from '../../parts/dialog.tsx';

interface Call {
  mutate(): void;
  isPending: boolean;
  error: Error | null;
}

/** Says what an act does, and makes its call when that is confirmed. */
export function ConfirmDialog({
  title,
  act,
  isDangerous,
  call,
  onClose,
  done,
  children,
}: {
  title: string;
  act: string;
  isDangerous: boolean;
  call: Call;
  onClose: () => void;
  /** Takes the place of the question after the call. */
  done?: ReactNode;
  children: ReactNode;
}) {
  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    call.mutate();
  }
  return (
    <Dialog title={title} onClose={onClose}>
      {done ?? (
        <form onSubmit={submit}>
          {children}
          {call.error && (
            <p role="alert" className="error">
              {messageOf(call.error)}
            </p>
          )}
          <footer>
            <button type="button" onClick={onClose}>
              Back
            </button>
            <button
              type="submit"
              className={isDangerous ? 'danger' : 'primary'}
              disabled={call.isPending}
            >
              {act}
            </button>
          </footer>
        </form>
      )}
    </Dialog>
  );
}
