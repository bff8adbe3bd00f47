import { type Json, type JsonObject, replaceAt } from '../common/index.ts';
import {
  type ProcessEvent,
  type ProcessState,
  type StoredEvent,
  unreachable,
} from '../process/index.ts';

/** What a personal value reads as once its key is destroyed. */
export const ERASED = '[erased]';

/** The beginning of an encrypted value: a text with the ciphertext of a personal value. */
export const ENCRYPTED_PREFIX = '$personal.';

/** Whether a value is encrypted, or looks like it. */
export function isEncrypted(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith(ENCRYPTED_PREFIX);
}

/**
 * A copy of an event with everything personal encrypted: the values at `paths` of the variables, of steps'
 * inputs and outputs, of the result and of the business identifiers; the hash of the request, because guessable
 * data could be found by its hash; and free texts, which may quote any of it. A text that only looks encrypted is
 * encrypted as well, so that nothing a caller sends is ever taken for ciphertext.
 */
export function encryptEvent<Event extends ProcessEvent>(
  event: Event,
  paths: readonly string[],
  encrypt: (value: Json) => string,
): Event {
  const json = <Value extends Json>(value: Value): Value => {
    const ours = new Map<string, Json>();
    const encrypted = replaceAt(value, paths, (found) => {
      // Another path may have encrypted this value, or a part of it: nothing is encrypted twice.
      const plain = replaceEncrypted(found, (text) => ours.get(text) ?? text);
      const text = encrypt(plain);
      ours.set(text, plain);
      return text;
    });
    return replaceEncrypted(encrypted, (text) => (ours.has(text) ? text : encrypt(text))) as Value;
  };
  const { identifiers } = event.identity;
  const identity = identifiers
    ? { ...event.identity, identifiers: json(identifiers) }
    : event.identity;
  return { ...event, identity, data: encryptData(event, json, encrypt) };
}

function encryptData(
  event: ProcessEvent,
  json: <Value extends Json>(value: Value) => Value,
  encrypt: (value: Json) => string,
): ProcessEvent['data'] {
  switch (event.type) {
    case 'process-requested': {
      const { variables, requestHash } = event.data;
      return { ...event.data, variables: json(variables), requestHash: encrypt(requestHash) };
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
      return { ...event.data, input: json(input), message: encrypt(message) };
    }
    case 'process-completed':
      return { result: json(event.data.result) };
    case 'process-failed':
      return { ...event.data, message: encrypt(event.data.message) };
    case 'process-cancelled':
    case 'process-retried':
      return { reason: encrypt(event.data.reason) };
    default:
      return unreachable(event);
  }
}

/** Whether an event has encrypted values, or what looks like them. */
export function eventHasEncrypted({
  data,
  identity,
}: Pick<StoredEvent, 'data' | 'identity'>): boolean {
  return containsEncrypted(data as Json) || containsEncrypted(identity.identifiers ?? null);
}

/** A copy of an event with its encrypted values decrypted. */
export function decryptEvent<Event extends ProcessEvent>(
  event: Event,
  decrypt: (text: string) => Json,
): Event {
  const { identifiers } = event.identity;
  const decrypted = identifiers && (replaceEncrypted(identifiers, decrypt) as JsonObject);
  return {
    ...event,
    data: replaceEncrypted(event.data as Json, decrypt) as unknown as Event['data'],
    identity: decrypted ? { ...event.identity, identifiers: decrypted } : event.identity,
  };
}

export function stateHasEncrypted({ data, error }: Pick<ProcessState, 'data' | 'error'>): boolean {
  return containsEncrypted(data) || isEncrypted(error?.message);
}

/** A copy of a state with its encrypted values decrypted. */
export function decryptState<State extends ProcessState>(
  state: State,
  decrypt: (text: string) => Json,
): State {
  const { data, error } = state;
  const message =
    error && (isEncrypted(error.message) ? String(decrypt(error.message)) : error.message);
  return {
    ...state,
    data: replaceEncrypted(data, decrypt),
    error: error && { ...error, message: message ?? '' },
  };
}

function containsEncrypted(value: Json | undefined): boolean {
  if (typeof value === 'string') return isEncrypted(value);
  if (value === null || typeof value !== 'object') return false;
  return Object.values(value).some(containsEncrypted);
}

function replaceEncrypted(value: Json, replace: (text: string) => Json): Json {
  if (typeof value === 'string') return isEncrypted(value) ? replace(value) : value;
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item) => replaceEncrypted(item, replace));
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      field === undefined ? field : replaceEncrypted(field, replace),
    ]),
  );
}
