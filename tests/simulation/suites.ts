// The worlds that are simulated: which clients, and what goes wrong in them.

export interface Suite {
  readonly name: string;
  readonly clients: 'any' | 'plain' | 'sdk';
  /** How plain clients subscribe on connect. */
  readonly style: 'any' | 'loop' | 'many';
  readonly retention: boolean;
  /** An operator who restores the database begins a new epoch; or nobody does. */
  readonly restores: 'none' | 'announced' | 'unannounced';
  /** Share of hints from other nodes that are lost. */
  readonly hintLoss: number;
  /** Share of own rows that are lost since the node dies, or the like. */
  readonly ownLoss: number;
  /** Steps between two comparisons of heads. */
  readonly headsEvery: number;
  /** Milliseconds that pass with a step: at 10 a node sometimes does not know in time which rights were taken. */
  readonly stepMs: number;
  readonly crashes: boolean;
  /** How many of 30 disturbances are revocations. */
  readonly revocations: number;
  /** Whether all clients are of one user. */
  readonly oneUser: boolean;
  /** Share of events that end a room. */
  readonly endings: number;
  /** Share of reads that fail. */
  readonly failing: number;
  /** How much happens: at 1 there are 8 to 23 events, and 14 disturbances. */
  readonly events: number;
  readonly disturbances: number;
  /** Largest page that a client asks for. */
  readonly page: number;
}

const calm: Suite = {
  name: 'mixed',
  clients: 'any',
  style: 'any',
  retention: false,
  restores: 'none',
  hintLoss: 0.25,
  ownLoss: 0.3,
  headsEvery: 60,
  stepMs: 10,
  crashes: true,
  revocations: 4,
  oneUser: false,
  endings: 0.01,
  failing: 0,
  events: 1,
  disturbances: 1,
  page: 4,
};
const manyRights = { revocations: 15, oneUser: true, endings: 0.05 } as const;
const short = { events: 0.5, disturbances: 0.5 } as const;
const rough = { retention: true, restores: 'announced' } as const;

export const suites: readonly Suite[] = [
  calm,
  { ...calm, ...rough, name: 'mixed-rough' },
  { ...calm, ...rough, name: 'slow-hints', hintLoss: 0.7, headsEvery: 200 },
  { ...calm, name: 'loops', clients: 'plain', style: 'loop' },
  { ...calm, ...rough, name: 'loops-rough', clients: 'plain', style: 'loop' },
  { ...calm, ...rough, name: 'sets-rough', clients: 'plain', style: 'many' },
  { ...calm, ...rough, name: 'sdk-rough', clients: 'sdk' },
  { ...calm, ...manyRights, name: 'rights' },
  { ...calm, ...rough, ...manyRights, name: 'rights-rough' },
  { ...calm, ...manyRights, name: 'rights-sdk', clients: 'sdk', endings: 0, page: 1, events: 2 },
  { ...calm, name: 'failing-reads', retention: true, failing: 0.03 },
  { ...calm, ...rough, name: 'silent-restore', restores: 'unannounced', revocations: 1, stepMs: 1, ...short },
  // Nothing heals here what a hint that falls between two steps would break.
  {
    ...calm,
    name: 'hints-only',
    hintLoss: 0,
    ownLoss: 0,
    headsEvery: Infinity,
    stepMs: 1,
    crashes: false,
    events: 0.25,
    disturbances: 0.25,
  },
];

/** After a restore that nobody announced, rows of both lives bear one epoch: nobody can say what is missing. */
export const UNKNOWABLE = [
  'lost',
  'repeated',
  'out of order',
  'falling offset on a connection',
  'answer behind events',
  'twice on a connection',
  'wrong values',
  'after a revocation',
  'entered after its end',
];
