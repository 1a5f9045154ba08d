// What was refused: counted always, and logged the first time with the setting to change, so that a limit that bites is
// found, and one that is attacked does not fill the log.
import type { Logger } from 'pino';
import type { Metrics } from './metrics.js';

interface Deps {
  logger: Pick<Logger, 'warn'>;
  metrics: Pick<Metrics, 'dropped'>;
}

/** Who was refused. */
interface Who {
  readonly tenant: string;
  readonly userId: string;
}

/** To be told of every refusal with the name of the setting that it comes from. */
export type Refused = (setting: string, who: Who) => void;

export function createRefusals({ logger, metrics }: Deps): Refused {
  const logged = new Set<string>();
  return (setting, { tenant, userId }) => {
    metrics.dropped(setting.toLowerCase());
    if (logged.has(setting)) return;
    logged.add(setting);
    logger.warn({ setting, tenant, user: userId }, `refused by ${setting}; further refusals are only counted`);
  };
}
