import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  DELIVERY_STATUSES,
  type DeliveryStatus,
  type SecretsAnswer,
  SUBSCRIPTION_EVENTS,
  type SubscriptionEvent,
  type Subscriptions,
} from '../../domain/callbacks/index.ts';
import { SetupError } from '../../domain/common/index.ts';
import { LOCAL_ACTOR } from '../../domain/process/index.ts';
import { openSubscriptions } from '../composition/callbacks/callbacks.ts';
import { commandDetails } from './maintenance/command-details.ts';
import { type Maintenance, runMaintenance } from './maintenance/run-maintenance.ts';

const PAGE = 1_000;
const ID = 'id of a subscription, or callback:<host>:<port> for the callbacks of starts';

/** `subscriptions`: who is called back for what. It works while a service runs, which sends. */
export function configure(command: Command): void {
  command
    .command('list')
    .description('show all subscriptions, one JSON object a line')
    .action(() =>
      onSubscriptions(async (subscriptions, { progress }) => {
        for (const { after: _, ...one } of await subscriptions.list()) {
          progress.print(JSON.stringify(one));
        }
      }),
    );
  command
    .command('add')
    .argument('<url>', 'of the receiver; its host is in CALLBACK_HOSTS')
    .description('subscribe a receiver, and print its id and secret')
    .option('--events <events>', `with commas: ${SUBSCRIPTION_EVENTS.join(', ')}`, readEvents)
    .option('--process <key>', 'of processes of this definition only')
    .action((url: string, options: { events?: SubscriptionEvent[]; process?: string }) =>
      onSubscriptions(async (subscriptions, { progress }) => {
        const refusal = subscriptions.refuse(url);
        if (refusal !== null) throw new SetupError(`${url} ${refusal}`);
        const { events, process: processKey } = options;
        const wanted = { url, events, processKey };
        const { subscription, secrets } = await subscriptions.create(wanted, LOCAL_ACTOR);
        progress.print(`id ${subscription.id}`);
        printSecrets(secrets, progress);
      }),
    );
  command
    .command('remove')
    .argument('<id>', 'id of the subscription')
    .description('remove a subscription and its deliveries')
    .action((id: string) =>
      onSubscriptions(async (subscriptions, { progress }) => {
        if (!(await subscriptions.remove(id, LOCAL_ACTOR))) throw unknown(id);
        progress.print(`removed ${id}`);
      }),
    );
  for (const [name, description] of [
    ['secrets', 'print the secrets that are valid, the newest first'],
    ['rotate', 'sign with a new secret besides the one before, and print both'],
    ['retire', 'stop signing with the secret before the newest'],
  ] as const) {
    command
      .command(name)
      .argument('<id>', ID)
      .description(description)
      .action((id: string) =>
        onSubscriptions(async (subscriptions, { progress }) => {
          printSecrets(known(id, await subscriptions[name](id, LOCAL_ACTOR)), progress);
        }),
      );
  }
  configureDeliveries(command);
}

function configureDeliveries(command: Command): void {
  command
    .command('deliveries')
    .description('show callbacks that are not delivered, one JSON object a line')
    .addOption(new Option('--status <status>', 'only these').choices(DELIVERY_STATUSES))
    .option('--target <id>', ID)
    .option('--correlation-id <id>', 'of one process')
    .action((filter: { status?: DeliveryStatus; target?: string; correlationId?: string }) =>
      onSubscriptions(async (subscriptions, { progress, signal }) => {
        for (let after: string | undefined; !signal.aborted; ) {
          const page = await subscriptions.deliveries(filter, PAGE, after);
          for (const { host: _, position: __, version: ___, ...one } of page) {
            progress.print(JSON.stringify(one));
          }
          if (page.length < PAGE) return;
          after = page.at(-1)?.id;
        }
      }),
    );
  command
    .command('replay')
    .argument('[id]', 'id of a parked callback; left out: all that the options find')
    .description('send parked callbacks again')
    .option('--target <id>', ID)
    .option('--correlation-id <id>', 'of one process')
    .option('--all', 'all that are parked')
    .action(
      (
        id: string | undefined,
        options: { target?: string; correlationId?: string; all?: boolean },
      ) =>
        onSubscriptions(async (subscriptions, { progress }) => {
          const { all, ...filter } = options;
          if (id === undefined && !all && Object.keys(filter).length === 0) {
            throw new SetupError('subscriptions replay: say which, for example with --all');
          }
          const replayed = await subscriptions.replay({ id, ...filter }, LOCAL_ACTOR);
          progress.print(`${replayed} callbacks are sent again by the running service`);
        }),
    );
}

function onSubscriptions(
  work: (subscriptions: Subscriptions, maintenance: Maintenance) => Promise<void>,
): Promise<void> {
  return runMaintenance((maintenance) => {
    const { config, database } = maintenance;
    return work(openSubscriptions(config, database, commandDetails()), maintenance);
  });
}

function printSecrets(
  secrets: readonly { generation: number; secret: string }[],
  { print }: Pick<Maintenance['progress'], 'print'>,
): void {
  for (const { generation, secret } of secrets) print(`secret ${generation} ${secret}`);
}

/** @throws SetupError for an id that is unknown, or not in a state for what was asked */
function known(id: string, answer: SecretsAnswer) {
  if (answer.kind === 'known') return answer.secrets;
  if (answer.kind === 'unknown') throw unknown(id);
  throw new SetupError(
    answer.secrets.length > 1
      ? `${id} has two valid secrets; \`subscriptions retire\` ends the older one`
      : `${id} has one valid secret; \`subscriptions rotate\` makes another`,
  );
}

function unknown(id: string): SetupError {
  return new SetupError(
    `there is no subscription ${id}; \`fastify-camunda subscriptions list\` shows all`,
  );
}

function readEvents(text: string): SubscriptionEvent[] {
  const names: readonly string[] = SUBSCRIPTION_EVENTS;
  const events = text.split(',').map((name) => name.trim());
  const wrong = events.find((name) => !names.includes(name));
  if (wrong !== undefined) {
    throw new InvalidArgumentError(`"${wrong}" is no event; they are ${names.join(', ')}.`);
  }
  return events as SubscriptionEvent[];
}
