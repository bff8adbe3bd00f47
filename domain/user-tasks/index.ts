export type { CompletionAnswer } from './complete-user-task.ts';
export type { OwnTask } from './list-user-tasks.ts';
export { createUserTasks, type FoundTask, type UserTasks } from './user-tasks.ts';
