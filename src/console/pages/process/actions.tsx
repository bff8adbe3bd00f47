import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Process } from '../../api/client.ts';
import { useMay } from '../../api/session.ts';
import { CommandDialog } from '../processes/command-dialog.tsx';
import { allowsCommand, type Command, SCOPE_OF } from '../processes/commands.ts';
import { EraseDialog } from './erase-dialog.tsx';

const COMMANDS: readonly [Command, title: string][] = [
  ['retry', 'Retry…'],
  ['cancel', 'Cancel…'],
  ['restore', 'Restore…'],
];

/** What can be done with a process now, by this caller. */
export function Actions({ process }: { process: Process }) {
  const client = useQueryClient();
  const may = { 'process:start': useMay('process:start'), admin: useMay('admin') };
  const [asked, setAsked] = useState<Command | 'erase' | null>(null);
  const close = () => setAsked(null);
  const { correlationId } = process;
  return (
    <>
      {COMMANDS.map(
        ([command, title]) =>
          may[SCOPE_OF[command]] &&
          allowsCommand(command, process) && (
            <button key={command} type="button" onClick={() => setAsked(command)}>
              {title}
            </button>
          ),
      )}
      {may.admin && process.status !== 'pending' && !process.erased && (
        <button type="button" onClick={() => setAsked('erase')}>
          Erase…
        </button>
      )}
      {asked === 'erase' && <EraseDialog correlationId={correlationId} onClose={close} />}
      {asked !== null && asked !== 'erase' && (
        <CommandDialog
          command={asked}
          correlationIds={[correlationId]}
          onClose={close}
          onSent={() => void client.invalidateQueries()}
        />
      )}
    </>
  );
}
