import { z } from 'zod';

/** Field types that many schemas share. */
export const text = z.string();
export const optionalText = text.optional();
export const integer = z.number().int();
export const time = z.iso.datetime();

/** A text for a column of 255 characters. */
export const columnText = text.min(1).max(255);
