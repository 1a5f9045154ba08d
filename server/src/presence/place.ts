// Where somebody can be: a room, or the tenant itself, which is where everybody who is online is.

/** `{tenant}/{room}`; a tenant's own place has no room. */
export type Place = string;

export function tenantPlace(tenant: string): Place {
  return `${tenant}/`;
}

export function tenantOf(place: Place): string {
  return place.slice(0, place.indexOf('/'));
}

/** The room's name on the wire. */
export function roomOf(place: Place): string {
  return place.slice(place.indexOf('/') + 1);
}

export function isTenantPlace(place: Place): boolean {
  return place.endsWith('/');
}
