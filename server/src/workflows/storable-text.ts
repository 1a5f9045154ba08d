// Text of a host application on its way into a column: Postgres stores neither NUL nor half of a surrogate pair.

/** The text without what cannot be stored, cut to `max` characters. */
export function storable(text: string, max: number): string {
  return text
    .replaceAll('\0', '')
    .slice(0, max)
    .replaceAll(/\p{Surrogate}/gu, '\ufffd');
}
