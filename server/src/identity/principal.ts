// Who is calling: the answer of authentication, and all that rights are decided on.

export const roles = ['publisher', 'admin'] as const;

export type Role = (typeof roles)[number];

export interface Principal {
  readonly tenant: string;
  /** The token's `sub`; for an API key the key's id. */
  readonly userId: string;
  readonly name: string | null;
  readonly roles: ReadonlySet<Role>;
  /** Set when the caller came with an API key. */
  readonly keyId: string | null;
  /** When the token or key ends; null: never. */
  readonly expiresAt: Date | null;
}

/** An admin may do all that a publisher may. */
export function isPublisher(principal: Principal): boolean {
  return principal.roles.has('publisher') || principal.roles.has('admin');
}

export function isAdmin(principal: Principal): boolean {
  return principal.roles.has('admin');
}

// Every principal shares one of these: a connection does not pay for a set of its own.
const none: ReadonlySet<Role> = new Set();
const publisher: ReadonlySet<Role> = new Set(['publisher']);
const admin: ReadonlySet<Role> = new Set(['admin']);
const both: ReadonlySet<Role> = new Set(roles);

/** The known roles among some names; what is not known is left out. */
export function roleSet(names: readonly unknown[]): ReadonlySet<Role> {
  if (names.includes('admin')) return names.includes('publisher') ? both : admin;
  return names.includes('publisher') ? publisher : none;
}
