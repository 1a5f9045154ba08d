// One repository has many addresses: https, ssh, with and without `.git`, in any case. The key is what they have in
// common, so that a delivery finds the projects of its repository however their address was written.

const SCP_ADDRESS = /^(?:[^@/\s]+@)?([^@:/\s]+):(?!\/\/)(.+)$/;
const HOST_AND_PATH = /^([^@:/\s]+\.[^@:/\s]+)\/(.+)$/;
const NAME = /^[a-z0-9_.-]+$/;
// Both lead to the same place as the plain name.
const OTHER_NAMES: Readonly<Record<string, string>> = {
  'www.github.com': 'github.com',
  'ssh.github.com': 'github.com',
};

/**
 * The key of a repository's address.
 * @param address as people and GitHub write it: a URL of any scheme, `git@host:owner/name`, `host/owner/name`; what
 *   follows the name (a page of the repository, `.git`, a slash) does not matter, nor do port, user and case
 * @returns `host/owner/name` in lower case; null for what is not the address of a repository
 */
export function repositoryKey(address: string): string | null {
  const place = placeOf(address.trim());
  if (!place) return null;
  const host = place.host.toLowerCase();
  const [owner, name] = place.path.toLowerCase().split('/').filter(Boolean);
  const bare = name?.replace(/\.git$/, '');
  if (!owner || !bare || !NAME.test(owner) || !NAME.test(bare) || !/\w/.test(bare)) return null;
  return `${OTHER_NAMES[host] ?? host}/${owner}/${bare}`;
}

function placeOf(address: string): { host: string; path: string } | null {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(address)) return placeOfUrl(address);
  const [, host, path] = SCP_ADDRESS.exec(address) ?? HOST_AND_PATH.exec(address) ?? [];
  return host && path ? { host, path: path.replace(/[?#].*$/s, '') } : null;
}

function placeOfUrl(address: string): { host: string; path: string } | null {
  // Read as http whatever its scheme: of schemes that it does not know, URL neither checks nor splits everything.
  const readable = address.replace(/^[^:]*/, 'http');
  if (!URL.canParse(readable)) return null;
  const { hostname, pathname } = new URL(readable);
  return { host: hostname, path: pathname };
}
