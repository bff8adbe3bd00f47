import { EngineRefusedError, type Timestamp } from '../common/index.ts';
import type { VariableValue } from './engine-variables.ts';

/** An open user task of a running instance. */
export interface EngineUserTask {
  id: string;
  /** Id of the user task in the model. */
  activityId: string;
  name: string | null;
  description: string | null;
  /** Of the instance that the task is in, which another may have called. */
  processKey: string;
  processInstanceId: string;
  businessKey: string | null;
  assignee: string | null;
  createdAt: Timestamp;
  dueAt: Timestamp | null;
  priority: number;
  formKey: string | null;
}

/** Who may claim a task. */
export interface Candidates {
  candidateUsers: string[];
  candidateGroups: string[];
}

/** Left out: all. */
export interface UserTaskFilter {
  processKeys: readonly string[];
  assignee?: string | undefined;
  /** Claimed or not. */
  candidateGroup?: string | undefined;
  unassigned?: boolean | undefined;
  /** Exclusive, both. */
  dueBefore?: Timestamp | undefined;
  dueAfter?: Timestamp | undefined;
}

/** The last task of a page; the next page starts behind it. */
export interface UserTaskCursor {
  createdAt: Timestamp;
  id: string;
}

/** `taken`: somebody else has it; `gone`: the engine has no such task any more. */
type ClaimAnswer = 'claimed' | 'taken' | 'gone';

/** The user tasks of an engine. */
export interface EngineUserTasks {
  /** Oldest first, then by id. Fewer than `limit`: there are no more. */
  listUserTasks(
    filter: UserTaskFilter,
    page: { limit: number; after?: UserTaskCursor | undefined },
  ): Promise<EngineUserTask[]>;
  /** Null when it is not open any more. */
  findUserTask(id: string): Promise<(EngineUserTask & Candidates) | null>;
  claimUserTask(id: string, user: string): Promise<ClaimAnswer>;
  /** @returns false when the task is gone */
  unclaimUserTask(id: string): Promise<boolean>;
  /**
   * @returns false when the task is gone
   * @throws EngineRefusedError when the instance cannot continue from there, EngineUnavailableError
   */
  completeUserTask(id: string, variables: Record<string, VariableValue>): Promise<boolean>;
  /** Whether the engine ended a task without a completion; false when it does not know (any more). */
  isUserTaskCancelled(id: string): Promise<boolean>;
}

/** Reads the first tasks that were created after a time (exclusive), by time and id. */
type ReadTasks<Task extends UserTaskCursor> = (
  createdAfter: Timestamp | undefined,
  maxResults: number,
) => Promise<Task[]>;

/** Tasks that are read beyond a page for those of the cursor's own millisecond: mostly it alone. */
const OVERLAP = 10;

/**
 * Reads the page behind a cursor from an engine that filters by time only: several tasks may be of the same
 * millisecond, so those of the cursor's own are read again, and skipped up to its id. If they are too many, all is read
 * again in one larger part, and not continued by an offset: a task that is completed meanwhile would move the others
 * across it.
 */
export async function pageOfUserTasks<Task extends UserTaskCursor>(
  read: ReadTasks<Task>,
  { limit, after }: { limit: number; after?: UserTaskCursor | undefined },
): Promise<Task[]> {
  if (!after) return read(undefined, limit);
  const createdAfter = new Date(Math.max(0, Date.parse(after.createdAt) - 1)).toISOString();
  for (let maxResults = limit + OVERLAP; ; maxResults *= 2) {
    const tasks = await read(createdAfter, maxResults);
    const found = tasks.filter((task) => isBehind(task, after));
    if (found.length >= limit || tasks.length < maxResults) return found.slice(0, limit);
  }
}

function isBehind({ createdAt, id }: UserTaskCursor, after: UserTaskCursor): boolean {
  return createdAt === after.createdAt ? id > after.id : createdAt > after.createdAt;
}

/** An engine refuses a claim with the same error, whether the task is gone or taken: the task says which. */
export async function claimOrExplain(
  claim: () => Promise<unknown>,
  find: () => Promise<Pick<EngineUserTask, 'assignee'> | null>,
  user: string,
): Promise<ClaimAnswer> {
  try {
    await claim();
    return 'claimed';
  } catch (error) {
    if (!isAnswer(error)) throw error;
    const task = await find();
    if (!task) return 'gone';
    if (task.assignee !== null && task.assignee !== user) return 'taken';
    throw error;
  }
}

/** Changes a task. @returns false when the engine refused that because the task is gone */
export async function changeUnlessGone(
  change: () => Promise<unknown>,
  find: () => Promise<object | null>,
): Promise<boolean> {
  try {
    await change();
    return true;
  } catch (error) {
    if (isAnswer(error) && (await find()) === null) return false;
    throw error;
  }
}

/** Whether the engine itself has answered so. */
export function isAnswer(error: unknown): boolean {
  return error instanceof EngineRefusedError || (error instanceof Error && 'httpStatus' in error);
}
