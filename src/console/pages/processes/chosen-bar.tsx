import { useState } from 'react';
import type { Process } from '../../api/client.ts';
import { CommandDialog } from './command-dialog.tsx';
import { allowsCommand, type Command } from './commands.ts';

/** What can be done with the rows that are chosen. */
export function ChosenBar({
  processes,
  onClear,
  onSent,
}: {
  processes: readonly Process[];
  onClear: () => void;
  /** @param isWhole false: some were not accepted, and the dialog says which */
  onSent: (ids: readonly string[], isWhole: boolean) => void;
}) {
  const [asked, setAsked] = useState<{ command: Command; ids: readonly string[] } | null>(null);
  const idsFor = (command: Command) =>
    processes
      .filter((process) => allowsCommand(command, process))
      .map(({ correlationId }) => correlationId);
  const [toRetry, toCancel] = [idsFor('retry'), idsFor('cancel')];
  return (
    <div className="notice-bar" role="toolbar" aria-label="Chosen processes">
      <span>{processes.length} chosen</span>
      <button
        type="button"
        disabled={toRetry.length === 0}
        title="Processes that ended in a technical failure"
        onClick={() => setAsked({ command: 'retry', ids: toRetry })}
      >
        Retry {toRetry.length}
      </button>
      <button
        type="button"
        disabled={toCancel.length === 0}
        title="Processes that are pending"
        onClick={() => setAsked({ command: 'cancel', ids: toCancel })}
      >
        Cancel {toCancel.length}
      </button>
      <button type="button" className="link" onClick={onClear}>
        Clear the choice
      </button>
      {asked && (
        <CommandDialog
          command={asked.command}
          correlationIds={asked.ids}
          onClose={() => setAsked(null)}
          onSent={(isWhole) => onSent(asked.ids, isWhole)}
        />
      )}
    </div>
  );
}
