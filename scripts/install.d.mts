export function ensureInstalled(directory: string, wanted: { dev: boolean }): void;
