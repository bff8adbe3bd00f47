import type { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type { FastifyBaseLogger } from 'fastify';
import type { Subscriptions } from '../../../domain/callbacks/index.ts';
import type { LogIds } from '../../../domain/common/index.ts';
import type { DeployedProcesses } from '../../../domain/definitions/index.ts';
import type { Engine } from '../../../domain/engine/index.ts';
import type { ExportedRows } from '../../../domain/export/index.ts';
import type { EventFeed, FeedSignal } from '../../../domain/feed/index.ts';
import type { DeadLetters, Outbox } from '../../../domain/outbox/index.ts';
import type {
  EventStore,
  FindProcess,
  ProcessStore,
  Waitroom,
} from '../../../domain/process/index.ts';
import type { ReadPath } from '../../../domain/process-path/index.ts';
import type { Analytics, RollupLag, StuckProcesses } from '../../../domain/rollups/index.ts';
import type { ProcessDefinition, TasksElsewhere } from '../../../domain/steps/index.ts';
import type { UserTasks } from '../../../domain/user-tasks/index.ts';
import type { Metrics } from '../../../infrastructure/observability/metrics.ts';
import type { Tracing } from '../../../infrastructure/observability/tracing.ts';
import type { AccessPart } from '../access/register.ts';
import type { Readers } from '../streaming/reader-pace.ts';
import type { WaitLimits } from '../waiting/caller-wait.ts';
import type { Administration } from './administration.ts';

/** What the HTTP server is made of; a route takes the parts that it names. */
export interface ServerParts {
  log: FastifyBaseLogger;
  /** Of this release. */
  version: string;
  /** Without it (an instance without the role `api`) the server has only health and metrics. */
  api: boolean;
  /** The built web console. */
  consoleFolder: string;
  definitions: ReadonlyMap<string, ProcessDefinition>;
  engine: Engine;
  deployed: DeployedProcesses;
  readPath: ReadPath;
  administration: Administration;
  callbacks: Subscriptions;
  userTasks: UserTasks;
  elsewhere: TasksElsewhere;
  newId: () => string;
  store: StorePart;
  live: LivePart;
  limits: LimitsPart;
  access: AccessPart;
  operations: OperationsPart;
}

/** What is in the database, personal data decrypted. */
interface StorePart {
  eventStore: EventStore;
  processStore: ProcessStore;
  eventFeed: EventFeed;
  /** For exports: personal data stays encrypted. */
  feedRows: ExportedRows;
  analytics: Analytics;
  stuckProcesses: StuckProcesses;
  outbox: Pick<Outbox, 'depth'>;
  /** How far the rollups are behind the events. */
  rollupLag: () => Promise<RollupLag>;
}

/** What this service instance holds in memory: who waits or follows, and for what. */
export interface LivePart {
  waitroom: Waitroom;
  feedSignal: FeedSignal;
  /** Callers who follow events over an open connection. */
  followers: Readers;
  findProcess: FindProcess;
}

interface LimitsPart extends WaitLimits {
  /** Exports that are sent at the same time. */
  exportsMax: number;
  /** Largest body, in bytes. */
  bodyLimit: number;
  /** Time for a request to arrive, its body included. */
  requestTimeoutMs: number;
  /** Connections of one address; 0: half of the files that the process may open. */
  connectionsPerAddressMax: number;
}

/** What operators look at. */
export interface OperationsPart {
  /** Of `/health/ready`: each resolves when the dependency works and rejects with the reason when not. */
  checks: Readonly<Record<string, HealthCheck>>;
  /** Of `/health/ready`: sentences about what does not make the service unready. */
  notes?: () => string[];
  stopping: () => boolean;
  deadLetters: DeadLetters;
  /** Calls back with the queues in Redis now and whenever they are opened again; left out without Redis. */
  onBoards?: OnBoards | undefined;
  /** The ids that log lines about a process show. */
  idsOf: (correlationId: string) => LogIds;
  /** Left out: nothing is measured or traced. */
  observe?: HttpObservers | undefined;
}

export type HealthCheck = () => Promise<unknown>;

export type OnBoards = (listener: (boards: readonly BullMQAdapter[]) => void) => void;

export interface HttpObservers {
  metrics: Metrics;
  tracing: Tracing;
  /** Updates the gauges that have to be read from somewhere. */
  read: () => Promise<void>;
}
