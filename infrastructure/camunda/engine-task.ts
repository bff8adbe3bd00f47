import type { Task } from 'camunda-external-task-client-js';

/** What the client hands over, as far as it is used here. */
export interface EngineTask extends Task {
  id: string;
  retries?: number | undefined;
  businessKey?: string | undefined;
  processInstanceId?: string | undefined;
  processDefinitionKey?: string | undefined;
  topicName?: string | undefined;
  activityId?: string | undefined;
}
