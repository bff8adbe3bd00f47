export type { Attempt, TaskAttempts } from './attempts.ts';
export {
  createReadPath,
  type PathActivity,
  type ProcessPath,
  type ReadPath,
} from './process-path.ts';
