// Ids that a client makes. `randomUUID` is missing on pages that were not loaded over https.

/** @returns 32 hexadecimal digits, of 128 random bits */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
