import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { FormEvent } from 'react';
import { api, bodyOf } from '../../api/client.ts';
import { messageOf } from '../../api/problem.ts';
import { Dialog } from '../../parts/dialog.tsx';
import { type CallbackEvent, ENDS, EVENTS } from './callbacks.ts';
import { Secrets } from './secrets.tsx';

/** Subscribes a URL to events, and shows the id and the secret. */
export function SubscribeDialog({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const creation = useMutation({
    mutationFn: (form: FormData) => {
      const processKey = textOf(form, 'processKey');
      const body = {
        url: textOf(form, 'url'),
        events: form.getAll('events') as CallbackEvent[],
        ...(processKey === '' ? {} : { processKey }),
      };
      return bodyOf(api.POST('/api/admin/subscriptions', { body }));
    },
    onSuccess: () => client.invalidateQueries({ queryKey: ['subscriptions'] }),
  });

  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    creation.mutate(new FormData(event.currentTarget));
  }

  if (creation.data) {
    const { subscription, secrets } = creation.data;
    return (
      <Dialog title="Subscribed" onClose={onClose}>
        <Secrets id={subscription.id} secrets={secrets} onClose={onClose} />
      </Dialog>
    );
  }
  return (
    <Dialog title="Subscribe to callbacks" onClose={onClose}>
      <form onSubmit={submit}>
        <Fields />
        {creation.isError && (
          <p role="alert" className="error">
            {messageOf(creation.error)}
          </p>
        )}
        <footer>
          <button type="button" onClick={onClose}>
            Back
          </button>
          <button type="submit" className="primary" disabled={creation.isPending}>
            Subscribe
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

function Fields() {
  return (
    <>
      <label>
        URL
        <input
          type="url"
          name="url"
          required
          maxLength={2_000}
          placeholder="https://receiver.example.com/callbacks"
          autoComplete="off"
        />
        <span className="hint">
          Its host has to be in CALLBACK_HOSTS or CALLBACK_PRIVATE_HOSTS.
        </span>
      </label>
      <fieldset className="choices">
        <legend>Events</legend>
        {Object.entries(EVENTS).map(([event, meaning]) => (
          <label key={event} className="check">
            <input type="checkbox" name="events" value={event} defaultChecked={ENDS.has(event)} />
            <span>
              {event} <span className="hint">{meaning}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <label>
        Process key
        <input type="text" name="processKey" autoComplete="off" spellCheck={false} />
        <span className="hint">Left empty: of all processes.</span>
      </label>
    </>
  );
}

const textOf = (form: FormData, name: string): string => String(form.get(name) ?? '').trim();
