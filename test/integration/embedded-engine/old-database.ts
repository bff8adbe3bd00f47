import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openEngine } from '../../../infrastructure/embedded-engine/engine.ts';
import type { EmbeddedEngine } from '../../../infrastructure/embedded-engine/engine-api.ts';
import { createEngineStore } from '../../../infrastructure/embedded-engine/store/store.ts';
import { openSqlite } from '../../../infrastructure/sqlite/open.ts';
import { until } from '../../support/children.ts';
import { temporaryFolder } from '../../support/databases.ts';

/*
 * Databases that the engine of version 0.1.0 wrote, as text (`old-databases/`). It was closed between two calls, with
 * timers running and tasks open.
 */

interface Warning {
  fields: Record<string, unknown>;
  message: string;
}

export interface OldDatabase {
  engine: EmbeddedEngine;
  db: ReturnType<typeof openSqlite>;
  file: string;
  warnings: Warning[];
  /** What it said while it brought instances over. */
  progress: object[];
  now(): number;
  /** Puts the clock on, and wakes the engine for what is due. */
  passes(ms: number): Promise<void>;
  /** Closes the engine and opens it again. */
  restart(): Promise<void>;
  /** After a start that failed. */
  reopen(): void;
  /** The id of an instance by its business key. */
  id(businessKey: string): string;
  state(businessKey: string): string;
  /** The activities of its open external tasks. */
  open(businessKey: string): string[];
  complete(businessKey: string, activityId: string): Promise<void>;
}

/** Opens the engine of today on a database of the engine before. @param damage done to it first */
export async function openOld(name: string, damage = ''): Promise<OldDatabase> {
  const folder = temporaryFolder();
  const file = join(folder.path, 'engine.db');
  const raw = openSqlite(file);
  raw.exec(readFileSync(new URL(`old-databases/${name}.sql`, import.meta.url), 'utf8') + damage);
  const closedAt = raw.prepare<[], number>('SELECT MAX(started_at) FROM engine_instance').pluck();
  let now = (closedAt.get() ?? 0) + 1_000;
  raw.close();
  const warnings: Warning[] = [];
  const progress: object[] = [];

  function open() {
    const db = openSqlite(file, 'ordered');
    const log = {
      warn: (fields: object, message: string) =>
        void warnings.push({ fields: fields as Warning['fields'], message }),
      info: (fields: object) => void progress.push(fields),
      error: (fields: object, message: string) => {
        throw new Error(`${message} ${JSON.stringify(fields)}`);
      },
    };
    try {
      return { db, engine: openEngine(createEngineStore(db), { now: () => now, log }) };
    } catch (error) {
      db.close();
      throw error;
    }
  }

  const old: OldDatabase = {
    ...open(),
    file,
    warnings,
    progress,
    now: () => now,
    async passes(ms) {
      now += ms;
      await old.restart();
      await until(async () => nothingIsDue(old), 'all that is due has happened');
    },
    async restart() {
      await old.engine.close();
      old.db.close();
      old.reopen();
    },
    reopen: () => void Object.assign(old, open()),
    id(businessKey) {
      const [found] = old.engine.instances.list({ businessKeys: [businessKey] });
      if (!found) throw new Error(`there is no instance "${businessKey}"`);
      return found.id;
    },
    state: (businessKey) => old.engine.history.instance(old.id(businessKey)).state,
    open: (businessKey) =>
      old.engine.externalTasks
        .list({ processInstanceIds: [old.id(businessKey)] })
        .map(({ activityId }) => activityId)
        .sort(),
    async complete(businessKey, activityId) {
      const processInstanceIds = [old.id(businessKey)];
      const [task] = old.engine.externalTasks.list({
        processInstanceIds,
        activityIds: [activityId],
      });
      if (!task) throw new Error(`"${businessKey}" has no task "${activityId}"`);
      await old.engine.externalTasks.lock(task.id, 'w', 60_000);
      await old.engine.externalTasks.complete(task.id, 'w', {});
    },
  };
  onTestFinished(async () => {
    await old.engine.close();
    old.db.close();
    folder.remove();
  });
  return old;
}

function nothingIsDue({ db, now }: OldDatabase): boolean {
  const due = db.prepare<[number], number>('SELECT COUNT(*) FROM engine_wait WHERE due <= ?');
  return due.pluck().get(now()) === 0;
}
