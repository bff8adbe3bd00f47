import type { RestEngine } from '../../../infrastructure/camunda/rest-engine.ts';
import {
  bpmn,
  catchMessage,
  catchTimer,
  end,
  expression,
  flows,
  onError,
  start,
  task,
} from '../bpmn/model.ts';

const oneTask = (topic?: string) => [start(), task('a', topic), end(), flows('start', 'a', 'end')];

/** The processes that the programs work on, by what their key ends with. */
const models = (prefix: string): Readonly<Record<string, readonly string[]>> => ({
  plain: oneTask(),
  polled: oneTask(),
  held: oneTask(),
  variables: [
    start(),
    external(
      { id: 'a' },
      `<camunda:inputOutput>
        <camunda:inputParameter name="list"><camunda:list>
          <camunda:value>x</camunda:value><camunda:value>y</camunda:value>
        </camunda:list></camunda:inputParameter>
        <camunda:inputParameter name="map"><camunda:map>
          <camunda:entry key="street">Main</camunda:entry>
        </camunda:map></camunda:inputParameter>
        <camunda:outputParameter name="fromLocal">${expression('local')}</camunda:outputParameter>
        <camunda:outputParameter name="text">${expression('text')}</camunda:outputParameter>
      </camunda:inputOutput>`,
    ),
    task('b'),
    end(),
    flows('start', 'a', 'b', 'end'),
  ],
  caught: [
    ...[start(), task('a'), task('b'), end('done'), end()],
    onError('catch', 'a', { code: 'known', codeVariable: 'code', messageVariable: 'message' }),
    ...[flows('start', 'a', 'done'), flows('catch', 'b', 'end')],
  ],
  one: [
    start(),
    external(
      { id: 'a', topic: `${prefix}shared`, priority: 5 },
      `<camunda:properties><camunda:property name="colour" value="red" /></camunda:properties>
      <camunda:inputOutput>
        <camunda:inputParameter name="own">${expression('n')}</camunda:inputParameter>
      </camunda:inputOutput>`,
    ),
    ...[end(), flows('start', 'a', 'end')],
  ],
  two: oneTask(`${prefix}shared`),
  messages: [
    ...[start(), catchMessage('hear', `${prefix}news`), catchTimer('pause', 'P1D'), end()],
    flows('start', 'hear', 'pause', 'end'),
  ],
});
const VERSION_TAGS: Readonly<Record<string, string>> = { one: 'v-1' };

/** A task with extension elements; its topic is `<process key>.<id>` unless it has another. */
function external(
  { id, topic = `@key.${id}`, priority = 0 }: { id: string; topic?: string; priority?: number },
  extensions: string,
): string {
  return `<serviceTask id="${id}" camunda:type="external" camunda:topic="${topic}" camunda:taskPriority="${priority}">
    <extensionElements>${extensions}</extensionElements>
  </serviceTask>`;
}

/** Deploys them under keys that begin with `prefix`. @returns the keys */
export async function deployModels(engine: RestEngine, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for (const [name, elements] of Object.entries(models(prefix))) {
    const key = prefix + name;
    const tag = VERSION_TAGS[name];
    const content = bpmn(key, ...elements).replace(
      '<process ',
      tag ? `<process camunda:versionTag="${tag}" ` : '<process ',
    );
    await engine.deploy(key, [{ fileName: `${key}.bpmn`, content }]);
    keys.push(key);
  }
  return keys;
}
