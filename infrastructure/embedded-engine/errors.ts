import { BadRequest } from './typed-value.ts';

/** Camunda's answers to calls that cannot be done. */

export function notFound(message: string): BadRequest {
  return new BadRequest(message, 404, 'RestException');
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
