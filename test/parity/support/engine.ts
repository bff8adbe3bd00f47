import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedEngine } from '../../../infrastructure/embedded-engine/start.ts';

const CALL_TIMEOUT_MS = 60_000;

export interface Answer<T = unknown> {
  ok: boolean;
  status: number;
  body: T;
}

/** Why a comparison says nothing: neither equal nor different. */
export class Inconclusive extends Error {}

/** An engine behind Camunda's REST API. */
export interface ParityEngine {
  readonly name: string;
  /** @template T what Camunda's documentation says of the answer */
  call<T = unknown>(method: string, path: string, body?: unknown): Promise<Answer<T>>;
  /** @throws Inconclusive when it does not answer with a list */
  list<T>(path: string): Promise<T[]>;
  deploy(files: readonly DeployedFile[]): Promise<Deployment>;
  undeploy(id: string): Promise<void>;
  stop(): Promise<void>;
}

export interface DeployedFile {
  name: string;
  xml: string;
}

export type Deployment = { id: string } | { refusal: string };

export function connect(name: string, url: string, stop = async () => {}): ParityEngine {
  async function call<T>(method: string, path: string, body?: unknown): Promise<Answer<T>> {
    const isForm = body instanceof FormData;
    const response = await fetch(`${url}${path}`, {
      method,
      ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
      headers: body === undefined || isForm ? {} : { 'content-type': 'application/json' },
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    });
    const text = await response.text();
    return { ok: response.ok, status: response.status, body: parse(text) as T };
  }

  return {
    name,
    call,
    async list<T>(path: string) {
      const answer = await call<T[]>('GET', path);
      if (!answer.ok) throw new Inconclusive(`${name} answers ${describe(answer)} to ${path}`);
      return answer.body;
    },
    async deploy(files) {
      const form = new FormData();
      form.set('deployment-name', 'parity');
      for (const file of files) form.set(file.name, new Blob([file.xml]), file.name);
      const answer = await call<{ id: string }>('POST', '/deployment/create', form);
      return answer.ok ? { id: answer.body.id } : { refusal: describe(answer) };
    },
    async undeploy(id) {
      await call('DELETE', `/deployment/${id}?cascade=true&skipCustomListeners=true`);
    },
    stop,
  };
}

/** The embedded engine; with `liveInstances: 0` every step starts from the row of the step before. */
export async function openEmbedded(
  name: string,
  options: { liveInstances?: number } = {},
): Promise<ParityEngine> {
  const folder = mkdtempSync(join(tmpdir(), 'parity-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  // Also when Ctrl-C ends the run.
  process.once('exit', remove);
  const log = (fields: object, text: string): void => console.error(`${name}: ${text}`, fields);
  const running = await startEmbeddedEngine({
    ...options,
    file: join(folder, 'engine.db'),
    log: { warn: log, error: log },
  });
  return connect(name, running.url, async () => {
    await running.stop();
    process.off('exit', remove);
    remove();
  });
}

/** The embedded engine in both ways in which its instances can be run. */
export function openBothEmbedded(): Promise<ParityEngine[]> {
  return Promise.all([
    openEmbedded('embedded'),
    openEmbedded('embedded, restored before every step', { liveInstances: 0 }),
  ]);
}

/** An answer in one line. */
export function describe({ ok, status, body }: Answer): string {
  if (ok) return String(status);
  const message = (body as { message?: unknown } | null)?.message ?? body;
  return `${status} ${String(message).slice(0, 400)}`;
}

function parse(text: string): unknown {
  if (text === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
