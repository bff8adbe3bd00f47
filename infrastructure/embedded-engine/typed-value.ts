import { type GivenValue, readTyped as read, type Value } from '../../domain/bpmn/index.ts';
import { CodedError } from '../../domain/common/index.ts';

/** The call is wrong; becomes the given HTTP status with Camunda's exception type. */
export class BadRequest extends CodedError {
  readonly code = 'ENGINE_BAD_REQUEST';
  constructor(
    message: string,
    readonly status = 400,
    readonly type = 'InvalidRequestException',
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * Reads a variable of a request.
 *
 * @throws BadRequest naming the variable
 */
export function readTyped(name: string, given: GivenValue): Value {
  try {
    return read(name, given);
  } catch (cause) {
    throw new BadRequest((cause as Error).message, 400, 'InvalidRequestException', { cause });
  }
}
