import type { EngineDefinition, EngineModels } from '../engine/index.ts';
import type { Analysis, Analytics, StepGrouping } from '../rollups/index.ts';
import {
  findStep,
  findUserTaskDefinition,
  keysOf,
  nameOfUserTask,
  type ProcessDefinition,
} from '../steps/index.ts';
import { type ActivityStats, statsOf } from './activity-stats.ts';
import type { ModelActivity, ReadActivities } from './model-activity.ts';

/** A process of this service with its versions in the engine, the newest first; none before it is deployed. */
export interface DeployedProcess {
  definition: ProcessDefinition;
  versions: EngineDefinition[];
}

/** `latest` as well as a number. */
type Version = number | 'latest';

export interface ActivityReport {
  deployed: EngineDefinition;
  analysis: Analysis<StepGrouping>;
  activities: ActivityStats[];
}

/** The processes of this service as they are deployed. All calls throw EngineUnavailableError. */
export interface DeployedProcesses {
  /** By key. */
  list(): Promise<DeployedProcess[]>;
  find(key: string): Promise<DeployedProcess | null>;
  /** The BPMN file of a version; null when there is no such version. */
  readBpmn(
    key: string,
    version: Version,
  ): Promise<{ deployed: EngineDefinition; bpmn: string } | null>;
  /**
   * What the steps of a process did in a range, by the activities of one version, and where its instances stand now.
   * The figures of the steps are those of all versions.
   *
   * @param bounds where the range begins and ends, in milliseconds since 1970
   */
  reportActivities(
    key: string,
    version: Version,
    bounds: readonly [number, number],
    signal?: AbortSignal,
  ): Promise<ActivityReport | null>;
}

export function createDeployedProcesses(ports: {
  engine: EngineModels;
  analytics: Pick<Analytics, 'steps'>;
  definitions: readonly ProcessDefinition[];
  readActivities: ReadActivities;
}): DeployedProcesses {
  const { engine, analytics, readActivities } = ports;
  const definitions = [...ports.definitions].sort((a, b) => (a.key < b.key ? -1 : 1));

  async function find(key: string): Promise<DeployedProcess | null> {
    const definition = definitions.find((one) => one.key === key);
    if (!definition) return null;
    return { definition, versions: versionsOf(key, await engine.listDefinitions([key])) };
  }

  /** A version of a process, and those of the other processes in its file. */
  async function findVersion(key: string, version: Version) {
    const definition = definitions.find((one) => one.key === key);
    if (!definition) return null;
    const all = await engine.listDefinitions(keysOf(definition));
    const versions = versionsOf(key, all);
    const deployed =
      version === 'latest' ? versions[0] : versions.find((one) => one.version === version);
    if (!deployed) return null;
    const file = all.filter(({ deploymentId }) => deploymentId === deployed.deploymentId);
    return { definition, deployed, file };
  }

  return {
    async list() {
      const all = await engine.listDefinitions(definitions.map(({ key }) => key));
      return definitions.map((definition) => ({
        definition,
        versions: versionsOf(definition.key, all),
      }));
    },
    find,
    async readBpmn(key, version) {
      const found = await findVersion(key, version);
      if (!found) return null;
      return { deployed: found.deployed, bpmn: await engine.readBpmn(found.deployed.id) };
    },
    async reportActivities(key, version, bounds, signal) {
      const found = await findVersion(key, version);
      if (!found) return null;
      const { definition, deployed, file } = found;
      const [bpmn, analysis, ...open] = await Promise.all([
        engine.readBpmn(deployed.id),
        analytics.steps({ bounds, groupBy: ['step'], exact: false, processes: [key] }, signal),
        ...file.map(({ id }) => engine.countOpenActivities(id)),
      ]);
      const keys = file.map(({ processKey }) => processKey);
      const activities = (await readActivities(bpmn))
        .filter(({ processKey }) => keys.includes(processKey))
        .map((activity) => ({ activity, step: stepOf(definition, activity) }));
      return { deployed, analysis, activities: statsOf(activities, analysis.tallies, open.flat()) };
    },
  };
}

function versionsOf(key: string, all: readonly EngineDefinition[]): EngineDefinition[] {
  return all
    .filter(({ processKey }) => processKey === key)
    .sort((one, other) => other.version - one.version);
}

/** The name of the step that an activity is in the events; null when it has none. */
function stepOf(definition: ProcessDefinition, activity: ModelActivity): string | null {
  const { id: activityId, processKey, topic, type } = activity;
  if (topic !== null)
    return findStep([definition], { processKey, topic, activityId })?.name ?? null;
  if (type !== 'userTask') return null;
  const userTask = findUserTaskDefinition([definition], { processKey, activityId })?.userTask;
  return userTask ? nameOfUserTask(userTask) : activityId;
}
