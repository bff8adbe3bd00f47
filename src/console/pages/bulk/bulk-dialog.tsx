import { useMutation, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { messageOf } from '../../api/problem.ts';
import { Dialog } from '../../parts/dialog.tsx';
import { ReasonField, reasonOf } from '../../parts/reason-field.tsx';
import { readableCount } from '../../parts/time.tsx';
import {
  ACTION_TITLES,
  type BulkAction,
  type BulkFilter,
  beginBulk,
  changeBulk,
  isActive,
  runQuery,
} from './bulk.ts';
import { readableFilter } from './filter-text.tsx';

const WORDS: Record<BulkAction, { effect: string; placeholder: string }> = {
  retry: {
    effect:
      'Each continues with the step that failed. What was refused or cancelled is not retried; the run lists it.',
    placeholder: 'the partner is back',
  },
  cancel: {
    effect: 'Each ends at once, also in the process engine. This is final.',
    placeholder: 'ordered twice',
  },
  restore: {
    effect: 'Each comes back from the archive with all its events.',
    placeholder: 'a question of the customer',
  },
};
const DEFAULT_PER_SECOND = 50;
const MAX_PER_SECOND = 1_000;

/** Shows how many processes a dry run found, asks for a reason, and begins the run. */
export function BulkDialog({
  action,
  filter,
  dryRunId,
  error,
  onClose,
}: {
  action: BulkAction;
  filter: BulkFilter;
  /** Undefined until it has begun. */
  dryRunId: string | undefined;
  /** Why it could not begin. */
  error: Error | null;
  onClose: () => void;
}) {
  const navigate = useNavigate();
  const [typed, setTyped] = useState('');
  const counting = useQuery({ ...runQuery(dryRunId ?? ''), enabled: dryRunId !== undefined });
  const count = counting.data?.status === 'done' ? counting.data.found : undefined;
  const beginning = useMutation({
    mutationFn: beginBulk,
    onSuccess: ({ id }) => navigate({ to: '/bulk/$id', params: { id } }),
  });
  const wrong = error ?? counting.error ?? beginning.error;
  const isConfirmed = action !== 'cancel' || typed.trim() === String(count);

  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    beginning.mutate({
      ...{ action, filter, dryRun: false },
      reason: reasonOf(event.currentTarget),
      maxPerSecond: Number(form.get('maxPerSecond')),
    });
  }

  /** A count that nobody waits for must not take the time of others. */
  function leave(): void {
    const { data } = counting;
    // When it has ended meanwhile, that is as well.
    if (data && isActive(data)) changeBulk('stop', data.id).catch(() => {});
    onClose();
  }

  return (
    <Dialog title={`${ACTION_TITLES[action]} all that match`} onClose={leave}>
      <form onSubmit={submit}>
        <p>{readableFilter(filter)}</p>
        <p role="status">
          {count === undefined
            ? !wrong && `Counting: ${readableCount(counting.data?.found ?? 0)} until now`
            : processes(count)}
        </p>
        <p>{WORDS[action].effect}</p>
        <ReasonField
          placeholder={WORDS[action].placeholder}
          hint={`Kept in the audit log${action === 'restore' ? '' : ', and in the history of each process'}.`}
        />
        <label>
          At most per second
          <input
            type="number"
            name="maxPerSecond"
            required
            min={1}
            max={MAX_PER_SECOND}
            defaultValue={DEFAULT_PER_SECOND}
          />
        </label>
        {action === 'cancel' && count !== undefined && count > 0 && (
          <label>
            Type {count}, the number of processes, to confirm
            <input
              type="text"
              value={typed}
              inputMode="numeric"
              autoComplete="off"
              onChange={({ target }) => setTyped(target.value)}
            />
          </label>
        )}
        {wrong && (
          <p role="alert" className="error">
            {messageOf(wrong)}
          </p>
        )}
        <footer>
          <button type="button" onClick={leave}>
            Back
          </button>
          <button
            type="submit"
            className={action === 'cancel' ? 'danger' : 'primary'}
            disabled={!count || !isConfirmed || beginning.isPending}
          >
            {action === 'cancel' ? 'Cancel them all' : `${ACTION_TITLES[action]} them all`}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

function processes(count: number): string {
  if (count === 0) return 'No process matches.';
  return count === 1 ? '1 process matches.' : `${readableCount(count)} processes match.`;
}
