// Every optional field of the wire also accepts null, which means absent; what is absent is left out.
import type { z } from 'zod';

/**
 * A field that may be missing or null; both come out as undefined, so JSON leaves the field out.
 * (`overwrite` instead of a transform keeps the schema representable as JSON Schema.)
 */
export function optional<Schema extends z.ZodType>(schema: Schema): z.ZodOptional<Schema>;
export function optional(schema: z.ZodType): z.ZodType {
  return schema.nullish().overwrite((value) => value ?? undefined);
}
