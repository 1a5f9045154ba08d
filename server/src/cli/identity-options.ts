// Options that say who somebody is: ids and roles, checked before a token or a request is made of them.
import { ID_PATTERN } from '@roomcast/protocol';
import { roles, type Role } from '../identity/principal.js';
import { UsageError } from './command.js';

/** @returns the id, or undefined when the option was left out @throws UsageError for what cannot be an id */
export function idOption(option: string, value: string | undefined): string | undefined {
  if (value === undefined || ID_PATTERN.test(value)) return value;
  throw new UsageError(`${option} holds "${value}"; it takes 1–128 characters of A-Z a-z 0-9 _ - .`);
}

/** @returns the value of an option that must be given @throws UsageError when it was left out */
export function required(option: string, value: string | undefined): string {
  if (value === undefined || value === '') throw new UsageError(`${option} is needed`);
  return value;
}

/** @param list roles separated by commas @throws UsageError for one that does not exist */
export function rolesOption(list = ''): Role[] {
  return list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
    .map((name) => roles.find((role) => role === name) ?? unknownRole(name));
}

function unknownRole(name: string): never {
  throw new UsageError(`--roles holds "${name}"; it takes ${roles.join(' and ')}, separated by a comma`);
}
