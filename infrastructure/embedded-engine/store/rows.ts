import type { InstanceState } from '../engine-api.ts';

/** The rows of the engine's tables (`schema.ts`), as they are read. */

export interface DeploymentRow {
  id: string;
  name: string | null;
  source: string | null;
  deployed_at: number;
}

export interface DefinitionRow {
  id: string;
  key: string;
  version: number;
  deployment_id: string;
  resource: string;
  name: string | null;
  version_tag: string | null;
  history_days: number;
  startable: 0 | 1;
}

/** How the newest version of a process begins by itself. */
export interface StartEventRow {
  definition_id: string;
  /** Of its job. A timer that has failed and its next time are two rows of one element. */
  number: number;
  element: number;
  activity_id: string;
  /** `job`: it has been thrown a signal with `camunda:async`, and starts an instance now. */
  kind: 'message' | 'signal' | 'conditional' | 'timer' | 'job';
  name: string | null;
  due: number | null;
  repeat: string | null;
  retries: number;
  exception: string | null;
  failed_at: number | null;
  created_at: number;
}

export interface InstanceRow {
  id: string;
  root_id: string;
  /** Its node in the root's state. */
  node: number;
  definition_id: string;
  process_key: string;
  business_key: string | null;
  super_id: string | null;
  super_activity_id: string | null;
  super_node: number | null;
  state: InstanceState;
  started_at: number;
  ended_at: number | null;
  remove_at: number | null;
  delete_reason: string | null;
  start_activity_id: string | null;
  end_activity_id: string | null;
  /** JSON, of an ended instance. */
  variables: string | null;
}

/** What is read of the process instance along with a row that belongs to it. */
export interface OfInstance {
  instance_node: number;
  definition_id: string;
  process_key: string;
  business_key: string | null;
}

export interface ExternalTaskRow extends OfInstance {
  root_id: string;
  node: number;
  instance_id: string;
  activity_id: string;
  topic: string;
  priority: number;
  retries: number | null;
  error_message: string | null;
  error_details: string | null;
  failed_at: number | null;
  /** A failed task rests until then. */
  available_at: number;
  created_at: number;
}

export interface UserTaskRow extends OfInstance {
  root_id: string;
  node: number;
  instance_id: string;
  activity_id: string;
  name: string | null;
  description: string | null;
  assignee: string | null;
  owner: string | null;
  due: number | null;
  follow_up: number | null;
  priority: number;
  form_key: string | null;
  created_at: number;
}

export interface WaitRow extends OfInstance {
  root_id: string;
  wait: number;
  node: number;
  instance_id: string;
  activity_id: string;
  kind: 'message' | 'signal' | 'conditional' | 'timer' | 'job';
  name: string | null;
  due: number | null;
  retries: number;
  exception: string | null;
  failed_at: number | null;
  created_at: number;
}

export interface ActivityRow {
  instance_id: string;
  root_id: string;
  node: number;
  /** The node around it; null: not known. */
  parent: number | null;
  activity_id: string;
  type: string;
  called_id: string | null;
  since: number;
  ended_at: number;
  cancelled: 0 | 1;
}
