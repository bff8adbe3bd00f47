/**
 * Of each process, by its key, the variables and the result: `components['schemas']['ProcessTypes']` of what
 * openapi-typescript makes of the OpenAPI document.
 */
export type AnyTypes = Record<string, { variables: Record<string, unknown>; result: unknown }>;

export type KeyOf<Types> = keyof Types & string;
export type VariablesOf<Types, Key extends keyof Types> = Types[Key] extends { variables: infer V }
  ? V
  : never;
export type ResultOf<Types, Key extends keyof Types> = Types[Key] extends { result: infer R }
  ? R
  : never;

/** Problem details, RFC 9457. */
export interface Problem {
  /** Stable, for programs. */
  type: string;
  title: string;
  status: number;
  /** What happened and what to do. */
  detail: string;
  correlationId?: string;
  code?: string;
  step?: string | null;
  statusUrl?: string;
  errors?: { path: string; message: string }[];
}

export interface ProcessState<Result = unknown> {
  correlationId: string;
  processKey: string;
  status: 'pending' | 'ok' | 'error';
  result?: Result;
  error?: {
    kind: 'business' | 'technical' | 'cancelled';
    code: string;
    message: string;
    step: string | null;
  };
  currentStep: string | null;
  processInstanceId: string | null;
  /** While it waits for this time to begin. */
  startAt?: string;
  startedAt: string;
  updatedAt: string;
  completedAt: string | null;
  version: number;
  statusUrl: string;
  archived?: true;
  erased?: true;
}

export interface ProcessEvent {
  id: string;
  correlationId: string;
  version: number;
  type: string;
  processKey: string;
  step?: { name: string; number: number };
  data: Record<string, unknown>;
  audit: Record<string, unknown>;
  actor?: string;
  identity: Record<string, unknown>;
  createdAt: string;
  archived?: true;
  erased?: true;
}

/** An event of the feed. */
export interface FeedEvent extends ProcessEvent {
  /** A rising whole number. */
  position: string;
}

export interface StartOptions {
  /** Left out: the client makes one, so that it may send the start again. */
  correlationId?: string | undefined;
  /** Seconds to wait for the end; `false`: not at all. Left out: as long as the service lets a call wait. */
  wait?: number | false | undefined;
  /** When to begin. */
  startAt?: string | Date | undefined;
  /** Where the service sends events of the process, as a rule its end. */
  callback?: { url: string; events?: readonly string[] | undefined } | undefined;
  signal?: AbortSignal | undefined;
}

export type Started<Result> =
  | { status: 'ok'; correlationId: string; result: Result }
  | { status: 'pending'; correlationId: string; statusUrl: string; startAt?: string };
