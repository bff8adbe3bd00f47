import { type Json, type JsonObject, replaceAt } from '../common/index.ts';
import {
  type ProcessEvent,
  type ProcessState,
  type StoredEvent,
  unreachable,
} from '../process/index.ts';

/** What a personal value reads as once its key is destroyed. */
export const ERASED = '[erased]';

/** Begins a sealed value: a text that holds the ciphertext of a personal value. */
export const SEALED = '$personal.';

/** Whether a value is a sealed one, or looks like it. */
export function isSealed(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith(SEALED);
}

/**
 * A copy of an event with everything personal sealed: the values at `paths` of the variables, of steps'
 * inputs and outputs, of the result and of the business identifiers; the hash of the request, which of
 * guessable data could be guessed; and free texts, which may quote any of it. What only looks sealed is
 * sealed as well, so that nothing a caller sends is ever taken for ciphertext.
 */
export function sealEvent<Event extends ProcessEvent>(
  event: Event,
  paths: readonly string[],
  seal: (value: Json) => string,
): Event {
  const json = <Value extends Json>(value: Value): Value => {
    const ours = new Map<string, Json>();
    const sealed = replaceAt(value, paths, (found) => {
      // A path may lead to what holds, or is, what another one has sealed: nothing is sealed twice.
      const plain = replaceSealed(found, (text) => ours.get(text) ?? text);
      const text = seal(plain);
      ours.set(text, plain);
      return text;
    });
    return replaceSealed(sealed, (text) => (ours.has(text) ? text : seal(text))) as Value;
  };
  const { identifiers } = event.identity;
  const identity = identifiers
    ? { ...event.identity, identifiers: json(identifiers) }
    : event.identity;
  return { ...event, identity, data: sealData(event, json, seal) };
}

function sealData(
  event: ProcessEvent,
  json: <Value extends Json>(value: Value) => Value,
  seal: (value: Json) => string,
): ProcessEvent['data'] {
  switch (event.type) {
    case 'process-requested': {
      const { variables, requestHash } = event.data;
      return { ...event.data, variables: json(variables), requestHash: seal(requestHash) };
    }
    case 'process-started':
    // The names of a message and of its variables are in the model.
    case 'message-delivered':
      return event.data;
    case 'step-completed': {
      const { input, output } = event.data;
      return { ...event.data, input: json(input), output: json(output) };
    }
    case 'step-failed': {
      const { input, message } = event.data;
      return { ...event.data, input: json(input), message: seal(message) };
    }
    case 'process-completed':
      return { result: json(event.data.result) };
    case 'process-failed':
      return { ...event.data, message: seal(event.data.message) };
    case 'process-cancelled':
    case 'process-retried':
      return { reason: seal(event.data.reason) };
    default:
      return unreachable(event);
  }
}

/** The sealed values in an event, or what looks like them. */
export function hasSealed({ data, identity }: Pick<StoredEvent, 'data' | 'identity'>): boolean {
  return holdsSealed(data as Json) || holdsSealed(identity.identifiers ?? null);
}

/** A copy of an event with its sealed values opened. */
export function openEvent<Event extends ProcessEvent>(
  event: Event,
  open: (sealed: string) => Json,
): Event {
  const { identifiers } = event.identity;
  const opened = identifiers && (replaceSealed(identifiers, open) as JsonObject);
  return {
    ...event,
    data: replaceSealed(event.data as Json, open) as unknown as Event['data'],
    identity: opened ? { ...event.identity, identifiers: opened } : event.identity,
  };
}

export function stateHasSealed({ data, error }: Pick<ProcessState, 'data' | 'error'>): boolean {
  return holdsSealed(data) || isSealed(error?.message);
}

/** A copy of a state with its sealed values opened. */
export function openState<State extends ProcessState>(
  state: State,
  open: (sealed: string) => Json,
): State {
  const { data, error } = state;
  const message = error && (isSealed(error.message) ? String(open(error.message)) : error.message);
  return {
    ...state,
    data: replaceSealed(data, open),
    error: error && { ...error, message: message ?? '' },
  };
}

function holdsSealed(value: Json | undefined): boolean {
  if (typeof value === 'string') return isSealed(value);
  if (value === null || typeof value !== 'object') return false;
  return Object.values(value).some(holdsSealed);
}

function replaceSealed(value: Json, replace: (sealed: string) => Json): Json {
  if (typeof value === 'string') return isSealed(value) ? replace(value) : value;
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item) => replaceSealed(item, replace));
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      field === undefined ? field : replaceSealed(field, replace),
    ]),
  );
}
