import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Process } from '../../api/client.ts';
import { useMay } from '../../api/session.ts';
import { CommandDialog } from '../processes/command-dialog.tsx';
import { allowsCommand, type Command } from '../processes/commands.ts';

/** What can be done with a process now, by this caller. */
export function Actions({ process }: { process: Process }) {
  const client = useQueryClient();
  const mayAct = useMay('process:start');
  const [asked, setAsked] = useState<Command | null>(null);
  const commands: readonly [Command, string][] = [
    ['retry', 'Retry…'],
    ['cancel', 'Cancel…'],
  ];
  if (!mayAct) return null;
  return (
    <>
      {commands.map(
        ([command, title]) =>
          allowsCommand(command, process) && (
            <button key={command} type="button" onClick={() => setAsked(command)}>
              {title}
            </button>
          ),
      )}
      {asked && (
        <CommandDialog
          command={asked}
          correlationIds={[process.correlationId]}
          onClose={() => setAsked(null)}
          onSent={() => void client.invalidateQueries()}
        />
      )}
    </>
  );
}
