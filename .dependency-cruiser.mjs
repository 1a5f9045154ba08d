// Who may import whom: the house has floors, and imports go down. Type imports count. A new folder in server/src must
// be given its floor here before anything in it may be imported or import.
const base = ['storage', 'cluster', 'models', 'ops'];
const features = [
  'rooms',
  'projects',
  'agents',
  'suggestions',
  'notifications',
  'github',
  'chat',
  'workflows',
  'emotion',
  'presence',
];
const doors = ['gateways', 'http'];
const composed = [
  'roomcast.ts',
  'life.ts',
  'doors.ts',
  'features.ts',
  'answering.ts',
  'workflow-engine.ts',
  'rights.ts',
  'delivery.ts',
];
// Entered by itself, by programs that load nothing else of the server.
const apart = ['publisher'];
const roof = [...composed, 'index.ts', 'cli'];
const street = ['main.ts', 'cli.ts'];
const config = ['config.ts', 'config-variables.ts'];

const below = {
  config: config,
  base: config,
  ops: [...config, 'storage'],
  events: base,
  identity: [...config, ...base],
  features: [...config, ...base, 'events', 'identity'],
  doors: [...config, ...base, 'events', 'identity', ...features],
  commands: ['events', 'identity', ...features, 'gateways/command-router.ts'],
  roof: [...config, ...base, 'events', 'identity', ...features, ...doors, 'commands.ts', ...composed, ...apart],
  street: [...config, ...roof, 'main.ts'],
};

const places = (names) => `^server/src/(${names.map((name) => name.replace('.', '[.]')).join('|')})(/|$)`;

/** What stands in `names` may import its own folder and what is listed as below it, and nothing else of the server. */
function floor(name, names, comment) {
  return {
    name: `floor-${name}`,
    severity: 'error',
    comment,
    from: { path: places(names) },
    to: {
      path: '^server/src/',
      pathNot: [...(below[name].length > 0 ? [places(below[name])] : []), '^server/src/$1(/|$)'],
    },
  };
}

// The simulation runs the heart under a scheduler of its own, the allocator's tests run many of its writers at once:
// neither can be done from outside a process.
const insideTests = '^tests/(simulation|delivery/allocator)/';
const heart = '^server/src/(events/|rooms/|storage/|gateways/fan-out[.]ts|identity/principal[.]ts|ops/clock[.]ts)';

const known = [
  ...config,
  ...base,
  'events',
  'identity',
  ...features,
  ...doors,
  ...apart,
  'commands.ts',
  ...roof,
  ...street,
];

export default {
  forbidden: [
    {
      name: 'no-cycle',
      severity: 'error',
      comment: 'Of two files in a cycle neither can be read first.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolvable',
      severity: 'error',
      comment: 'An import that leads nowhere escapes all other rules.',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'declared-packages',
      severity: 'error',
      comment: 'A package is imported only where the nearest package.json, or the root for tests, declares it.',
      from: { path: '^(protocol|server|client-sdk)/src/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'] },
    },
    {
      name: 'protocol-stands-alone',
      severity: 'error',
      comment: 'The protocol is what both sides agree on: it knows neither, and zod only.',
      from: { path: '^protocol/src/' },
      to: { pathNot: ['^protocol/src/', '^node_modules/zod/'] },
    },
    {
      name: 'server-never-sees-clients',
      severity: 'error',
      comment: 'Server and client meet in the protocol.',
      from: { path: '^server/' },
      to: { path: '^(client-sdk|console|examples|bench)/' },
    },
    {
      name: 'clients-never-see-the-server',
      severity: 'error',
      comment: 'Server and client meet in the protocol.',
      from: { path: '^(client-sdk|console)/' },
      to: { path: '^server/' },
    },
    {
      name: 'client-stands-on-the-protocol',
      severity: 'error',
      comment: 'Of the protocol a client takes types only: its schemas would be larger than the whole client.',
      from: { path: '^client-sdk/src/' },
      to: { path: '^protocol/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'entries-are-loaded-apart',
      severity: 'error',
      comment:
        'Each entry of the client is a file of its own: what two of them shared would be there twice, a class as two ' +
        'classes. Of another an entry takes types, or it imports it by its public name.',
      from: { path: '^client-sdk/src/([a-z]+)/' },
      to: {
        path: '^client-sdk/src/',
        pathNot: ['^client-sdk/src/$1/', '^client-sdk/src/new-id[.]ts$'],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'public-doors',
      severity: 'error',
      comment: 'Packages are entered by their index only.',
      from: { path: '^(protocol|server|client-sdk|console|examples|bench|tests)/', pathNot: insideTests },
      to: { path: '^(protocol|server|client-sdk)/(src|test)/', pathNot: '^$1/' },
    },
    {
      name: 'inside-only-the-heart',
      severity: 'error',
      comment: 'What is run inside a test is the shipped delivery, with clock and storage of the test; no more.',
      from: { path: insideTests },
      to: { path: '^(protocol|server|client-sdk)/(src|test)/', pathNot: heart },
    },
    {
      name: 'sources-know-no-tests',
      severity: 'error',
      comment: 'What is shipped does not depend on its tests or on the scripts.',
      from: { path: '/src/' },
      to: { path: '(^|/)(test|tests|scripts)/', pathNot: '^node_modules/' },
    },
    {
      name: 'allocator-runs-the-log',
      severity: 'error',
      comment: 'The allocator is tried without the rest of the platform: log, outbox and storage; no more.',
      from: { path: '^tests/delivery/allocator/' },
      to: {
        path: '^(protocol|server|client-sdk)/(src|test)/',
        pathNot: '^server/src/(events/|storage/|ops/clock[.]ts)',
      },
    },
    {
      name: 'publisher-stands-alone',
      severity: 'error',
      comment: 'A program that publishes over HTTP loads nothing of the server: of the rest it knows types only.',
      from: { path: '^server/src/publisher/' },
      to: { pathNot: '^server/src/publisher/', dependencyTypesNot: ['type-only', 'core'] },
    },
    floor('config', config, 'Settings are read before anything else exists.'),
    floor('base', ['storage', 'cluster', 'models'], 'Storage, cluster and models know only the configuration.'),
    floor('ops', ['ops'], 'Ops watches the storage, and knows nothing else.'),
    floor('identity', ['identity'], 'Who is calling is known before anything that happens.'),
    floor('events', ['events'], 'The heart knows no feature and no gateway: it is handed `deliver`.'),
    floor('features', features, 'Features do not import each other: they meet in events, or by a function passed in.'),
    floor('doors', doors, 'Gateways and HTTP do not import each other.'),
    floor('commands', ['commands.ts'], 'The table of commands knows what is done, not over which wire it was asked.'),
    floor('roof', roof, 'The composition root is imported by processes only.'),
    floor('street', street, 'A process knows the composition root and the configuration.'),
    {
      name: 'known-places',
      severity: 'error',
      comment: 'Every folder of the server has a floor.',
      from: { path: '^server/src/', pathNot: places(known) },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '/dist/'] },
    exclude: { path: '(^|/)[.][^./]' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['node', 'import', 'default'] },
  },
};
