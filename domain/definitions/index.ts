export type { ActivityStats } from './activity-stats.ts';
export {
  createDeployedProcesses,
  type DeployedProcess,
  type DeployedProcesses,
} from './deployed-processes.ts';
export type { ModelActivity, ReadActivities } from './model-activity.ts';
