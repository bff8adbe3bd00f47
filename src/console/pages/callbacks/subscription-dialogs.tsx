import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, bodyOf } from '../../api/client.ts';
import type { Subscription } from './callbacks.ts';
import { ConfirmDialog } from './confirm-dialog.tsx';
import { Secrets } from './secrets.tsx';

const SECRET_WORDS = {
  rotate: {
    title: 'Rotate the secret',
    effect:
      'Every callback is then signed with a new secret and with the one before. Retire the old one when the receiver has the new one.',
    act: 'Rotate secret',
  },
  retire: {
    title: 'Retire the old secret',
    effect:
      'Callbacks are then signed with the newest secret alone. A receiver that knows only the old one refuses them.',
    act: 'Retire old secret',
  },
};

/** Makes a new secret valid, or ends the validity of the old one, and shows those that are valid. */
export function SecretDialog({
  how,
  subscription: { id, url },
  onClose,
}: {
  how: 'rotate' | 'retire';
  subscription: Subscription;
  onClose: () => void;
}) {
  const words = SECRET_WORDS[how];
  const change = useMutation({
    mutationFn: () =>
      bodyOf(api.POST(`/api/admin/subscriptions/{id}/${how}`, { params: { path: { id } } })),
  });
  return (
    <ConfirmDialog
      title={words.title}
      act={words.act}
      isDangerous={how === 'retire'}
      call={change}
      onClose={onClose}
      done={change.data && <Secrets id={id} secrets={change.data.secrets} onClose={onClose} />}
    >
      <p className="id">{url}</p>
      <p>{words.effect}</p>
    </ConfirmDialog>
  );
}

/** Removes a subscription, after a confirmation. */
export function RemoveDialog({
  subscription: { id, url },
  onClose,
}: {
  subscription: Subscription;
  onClose: () => void;
}) {
  const client = useQueryClient();
  const removal = useMutation({
    mutationFn: () =>
      bodyOf(api.DELETE('/api/admin/subscriptions/{id}', { params: { path: { id } } })),
    onSuccess: onClose,
    onSettled: () => {
      void client.invalidateQueries({ queryKey: ['subscriptions'] });
      void client.invalidateQueries({ queryKey: ['deliveries'] });
    },
  });
  return (
    <ConfirmDialog
      title="Remove the subscription"
      act="Remove"
      isDangerous
      call={removal}
      onClose={onClose}
    >
      <p className="id">{url}</p>
      <p>It is not called any more. Its callbacks that are not delivered are deleted.</p>
    </ConfirmDialog>
  );
}
