// Who is mentioned in a text: `@` and the user id of somebody who is in the room, where no word runs into the `@`.

const MENTION = /(?<![\w.@-])@([A-Za-z0-9_.-]{1,128})/g;

/**
 * @param members user ids of those who are in the room
 * @returns those mentioned, each once, in the order of the text
 */
export function mentionsIn(content: string, members: readonly string[]): string[] {
  const known = new Set(members);
  const found = [...content.matchAll(MENTION)].map(([, name = '']) => named(name, known));
  return [...new Set(found.filter((id) => id !== null))];
}

/** A sentence may end right behind a name, and names may hold points: the longest that somebody has is meant. */
function named(text: string, known: ReadonlySet<string>): string | null {
  for (let name = text; name !== ''; name = name.slice(0, -1)) {
    if (known.has(name)) return name;
    if (!/[.-]$/.test(name)) return null;
  }
  return null;
}
