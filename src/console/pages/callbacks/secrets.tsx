import { useEffect, useRef } from 'react';
import { Copy } from '../../parts/copy.tsx';
import { Fact, Facts } from '../../parts/facts.tsx';
import type { Secret } from './callbacks.ts';

/** The secrets of a subscription, in a dialog: the newest first. */
export function Secrets({
  id,
  secrets,
  onClose,
}: {
  id: string;
  secrets: readonly Secret[];
  onClose: () => void;
}) {
  const done = useRef<HTMLButtonElement>(null);
  // The button that was pressed is gone, and the focus with it.
  useEffect(() => done.current?.focus(), []);
  return (
    <div className="body">
      <p role="status">
        The receiver checks signatures with the secret. It is shown this once;{' '}
        <code>fastify-camunda subscriptions secrets</code> and the id show it again.
      </p>
      <Facts>
        <Fact title="Id">
          <span className="id">{id}</span>
          <Copy text={id} what="id" />
        </Fact>
        {secrets.map(({ secret }, at) => (
          <Fact key={secret} title={at === 0 ? 'Secret' : 'Valid as well'}>
            <span className="id">{secret}</span>
            <Copy text={secret} what={at === 0 ? 'secret' : 'the secret before'} />
          </Fact>
        ))}
      </Facts>
      <footer>
        <button ref={done} type="button" className="primary" onClick={onClose}>
          Done
        </button>
      </footer>
    </div>
  );
}
