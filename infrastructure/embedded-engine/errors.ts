import { BadRequest } from './typed-value.ts';

/** Camunda's answers to calls that cannot be done. */

export function notFound(message: string): BadRequest {
  return new BadRequest(message, 404, 'RestException');
}

/** As the REST API says it by itself. @param restCode 0: of its engine */
export function missing(message: string, restCode: number | null = null): BadRequest {
  return new BadRequest(message, 404, 'InvalidRequestException', { restCode });
}

/** Something was left out, or is not there. */
export function isNull(what: string): BadRequest {
  return new BadRequest(`${what} is null`, 500, 'NullValueException');
}

/** The worker who calls. */
export function workerOf(workerId: string | null | undefined): string {
  if (typeof workerId === 'string') return workerId;
  throw isNull('workerId');
}

export function badRequest(message: string, status = 400): BadRequest {
  return new BadRequest(message, status, 'RestException');
}

/** Something about the process itself: nothing was changed. */
export function engineFailure(message: string, cause?: unknown): BadRequest {
  const options = cause === undefined ? {} : { cause };
  return new BadRequest(message, 500, 'ProcessEngineException', options);
}

export function noInstance(id: string): BadRequest {
  return new BadRequest(`Process instance with id ${id} does not exist`, 404);
}

export function noExecution(id: string): BadRequest {
  return new BadRequest(`Execution with id ${id} does not exist`, 404);
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
