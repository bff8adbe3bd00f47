import { compile, ModelError, type Program } from '../../domain/bpmn/index.ts';
import { messageOf } from './errors.ts';
import { type Moddle, parseBpmn, parseBpmnNow, type Warning } from './parse-bpmn.ts';
import { BadRequest } from './typed-value.ts';

/** References to nothing that mean nothing when a process runs: those of diagrams, and of types and data. */
const HARMLESS =
  /^bpmn:(Item|Data|Property|MessageFlow|Association|Participant|Collaboration|Lane|Conversation|Text|Group|Category|Partner|Resource|Input|Output|Correlation|Interface|Operation|IoBinding)/;

/**
 * Reads a BPMN file for the embedded engine. What it could not run as Camunda would is refused here, by name, instead
 * of being run differently.
 *
 * @returns one program for each executable process
 * @throws BadRequest saying what is wrong with which element
 */
export async function readPrograms(fileName: string, xml: string): Promise<Program[]> {
  const parsed = await parseBpmn(xml).catch((error: unknown) => {
    throw refused(fileName, `is no BPMN: ${messageOf(error)}`, error);
  });
  return compileFile(fileName, parsed);
}

/** The programs of a file that was deployed. */
export function readStoredPrograms(fileName: string, xml: string): Program[] {
  return compileFile(fileName, parseBpmnNow(xml));
}

function compileFile(
  fileName: string,
  { root, warnings }: Awaited<ReturnType<typeof parseBpmn>>,
): Program[] {
  const unresolved = readUnresolved(fileName, warnings);
  runUnsaid(root);
  try {
    return compile(root, unresolved);
  } catch (error) {
    if (error instanceof ModelError) throw refused(fileName, error.message, error);
    throw error;
  }
}

/** @throws BadRequest for what moddle could not read */
function readUnresolved(
  fileName: string,
  warnings: readonly Warning[],
): Map<Moddle, Record<string, string>> {
  const unresolved = new Map<Moddle, Record<string, string>>();
  for (const { message, element, property, value } of warnings) {
    if (!message.startsWith('unresolved reference') || !element || property === undefined) {
      throw refused(fileName, message);
    }
    if (!element.$type.startsWith('bpmn:') || HARMLESS.test(element.$type)) continue;
    const known = unresolved.get(element) ?? {};
    known[property.replace(/^\w+:/, '')] = value ?? '';
    unresolved.set(element, known);
  }
  return unresolved;
}

/** Where no process says that it can be run, those are that do not say that they cannot. */
function runUnsaid(root: Moddle): void {
  const elements = Array.isArray(root.rootElements) ? (root.rootElements as Moddle[]) : [];
  const processes = elements.filter(({ $type }) => $type === 'bpmn:Process');
  if (processes.some(({ isExecutable }) => isExecutable === true)) return;
  for (const process of processes) process.isExecutable ??= true;
}

function refused(fileName: string, why: string, cause?: unknown): BadRequest {
  const message = `${fileName}: ${why} (embedded engine)`;
  return new BadRequest(message, 400, 'ParseException', cause === undefined ? {} : { cause });
}
