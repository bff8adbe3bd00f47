import { type GivenValue, readTyped as read, type Value } from '../../domain/bpmn/index.ts';
import { CodedError } from '../../domain/common/index.ts';
import { isExactNumber } from '../worker/java-numbers.ts';

/** The call is wrong; becomes the given HTTP status with Camunda's exception type. */
export class BadRequest extends CodedError {
  readonly code = 'ENGINE_BAD_REQUEST';
  /** Camunda numbers what its engine refuses, and not what its REST API does by itself. */
  readonly restCode: number | null;
  constructor(
    message: string,
    readonly status = 400,
    readonly type = 'InvalidRequestException',
    options: ErrorOptions & { restCode?: number | null } = {},
  ) {
    super(message, options);
    const { restCode = type === 'InvalidRequestException' ? null : 0 } = options;
    this.restCode = restCode;
  }
}

/** Prohibited in Camunda unless it is configured otherwise: to read such an object is to run what it brings. */
const JAVA_FORMAT = 'application/x-java-serialized-object';

/**
 * Reads a variable of a request.
 *
 * @throws BadRequest naming the variable
 */
export function readTyped(name: string, given: GivenValue): Value {
  const { value, type, valueInfo } = given;
  if (valueInfo?.serializationDataFormat === JAVA_FORMAT) {
    const message = `ENGINE-17007 Cannot set variable with name ${name}. Java serialization format is prohibited`;
    throw new BadRequest(message, 500, 'ProcessEngineException');
  }
  try {
    if (!isExactNumber(value)) return read(name, given);
    if (!type) return read(name, { type: value.type, value: value.text });
    const exact = value.type === 'Long' ? value.text : Number(value.text);
    return read(name, { ...given, value: exact });
  } catch (cause) {
    throw new BadRequest((cause as Error).message, 400, 'InvalidRequestException', { cause });
  }
}
