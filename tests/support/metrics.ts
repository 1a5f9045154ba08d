// What a running server says of itself at /metrics.

export interface Metrics {
  /**
   * The value of a metric.
   * @param labels as they stand there, `reason="slow_consumer"`
   * @returns undefined when it is not there
   */
  value(name: string, labels?: string): number | undefined;
}

/** Reads /metrics of a server. */
export async function metricsOf(url: string): Promise<Metrics> {
  const response = await fetch(`${url}/metrics`);
  const lines = (await response.text()).split('\n');
  return {
    value(name, labels) {
      const start = labels === undefined ? `${name} ` : `${name}{${labels}} `;
      const line = lines.find((one) => one.startsWith(start));
      return line === undefined ? undefined : Number(line.slice(start.length));
    },
  };
}

/** Resident memory of a server's process, in MiB. */
export async function memoryOf(url: string): Promise<number> {
  const bytes = (await metricsOf(url)).value('process_resident_memory_bytes');
  if (bytes === undefined) throw new Error('The server does not tell its memory');
  return bytes / 1024 / 1024;
}
