// Where a token or key stands in a request, over whatever door it came. What stands there is never logged.

/**
 * The credential of a request: `Authorization: Bearer`, else `?token=`.
 * @param authorization the header
 * @param token the parameter of the query, of whatever type it was parsed to
 */
export function credentialOf(authorization: string | undefined, token: unknown): string | null {
  const bearer = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
  if (bearer) return bearer;
  return typeof token === 'string' && token !== '' ? token : null;
}
