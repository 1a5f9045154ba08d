// The delivery rules, each left out or turned round in the shipped sources: the simulation must find every one of these.
// A change names text that stands exactly once in its file; where the source has moved on, the mutant must be adapted.

interface Change {
  /** Path in server/src. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export interface Mutant {
  readonly name: string;
  /** The suite that finds it. */
  readonly suite: string;
  readonly changes: readonly Change[];
}

const CATCH_UP = 'rooms/catch-up.ts';
const SUBSCRIPTIONS = 'rooms/subscriptions.ts';
const MEMBERSHIP = 'rooms/membership.ts';
const REVOCATIONS = 'rooms/revocations.ts';
const SEQUENCER = 'events/sequencer.ts';
const SEQUENCERS = 'events/sequencers.ts';

export const mutants: readonly Mutant[] = [
  {
    name: 'join, then read, then answer',
    suite: 'mixed',
    changes: [
      {
        file: CATCH_UP,
        find: `    return sequencer;
  }`,
        replace: `    const control = { offset: 0, epoch: sequencer.position.epoch };
    for (const room of this.entering.values()) {
      this.deps.membership.join(this.member, this.keyOf(room), { sequencer, from: Infinity, control });
    }
    return sequencer;
  }`,
      },
    ],
  },
  {
    name: 'read, then join',
    suite: 'mixed',
    changes: [
      {
        file: CATCH_UP,
        find: 'const late = this.page ? (sequencer.since(this.page.head) ?? []) : [];',
        replace: 'const late: LogRow[] = [];',
      },
      {
        file: CATCH_UP,
        find: 'return page.head <= sequencer.position.offset && sequencer.since(page.head) !== null;',
        replace: 'return page.head <= sequencer.position.offset;',
      },
    ],
  },
  {
    name: 'rooms of a loop are joined in different ticks',
    suite: 'loops',
    changes: [
      {
        file: SUBSCRIPTIONS,
        find: 'else await this.enter(await this.gather(request));',
        replace: 'else for (const one of await this.gather(request)) await this.enter([one]);',
      },
    ],
  },
  {
    name: 'a loop is not waited for',
    suite: 'loops',
    changes: [
      {
        file: SUBSCRIPTIONS,
        find: `    await this.member.wire.barrier();
    return [first, ...this.takeLoop(first)];`,
        replace: '    return [first];',
      },
    ],
  },
  {
    name: 'the sequencer is not waited for',
    suite: 'mixed',
    changes: [
      {
        file: CATCH_UP,
        find: 'await sequencer.reach(page.head, page.epoch);',
        replace: '',
      },
      {
        file: CATCH_UP,
        find: 'return page.head <= sequencer.position.offset && sequencer.since(page.head) !== null;',
        replace: 'return sequencer.since(page.head) !== null;',
      },
    ],
  },
  {
    name: 'a subscribe in progress holds no pin',
    suite: 'mixed',
    changes: [
      {
        file: CATCH_UP,
        find: 'const sequencer = await this.deps.sequencers.pin(this.stream);',
        replace: `const sequencer = await this.deps.sequencers.pin(this.stream);
    this.deps.sequencers.unpin(sequencer);`,
      },
      {
        file: CATCH_UP,
        find: 'if (this.sequencer) this.deps.sequencers.unpin(this.sequencer);',
        replace: '',
      },
    ],
  },
  {
    name: 'answers overtake gathered frames',
    suite: 'mixed',
    changes: [
      {
        file: CATCH_UP,
        find: `    this.deps.flush(this.stream);
    const late`,
        replace: '    const late',
      },
      {
        file: MEMBERSHIP,
        find: `      flush(subscription.sequencer.stream);
      hold`,
        replace: '      hold',
      },
    ],
  },
  {
    name: 'a leave does not flush',
    suite: 'rights',
    changes: [
      {
        file: MEMBERSHIP,
        find: `    flush(subscription.sequencer.stream);
    forget`,
        replace: '    forget',
      },
    ],
  },
  {
    name: 'current values without what followed the page',
    suite: 'mixed',
    changes: [
      {
        file: CATCH_UP,
        find: 'currentValues(room.room.name, this.page, late)',
        replace: 'currentValues(room.room.name, this.page, [])',
      },
    ],
  },
  {
    name: 'revocations are not looked at by a subscribe in progress',
    suite: 'rights',
    changes: [
      {
        file: CATCH_UP,
        find: 'return this.control === null || this.deps.revocations.overtook(',
        replace: 'return this.control === null || [].includes(',
      },
    ],
  },
  {
    name: 'the head is read before hints arrive',
    suite: 'hints-only',
    changes: [
      {
        file: SEQUENCER,
        find: `    await this.deps.listen();
    this.at = await this.deps.log.position(this.stream);`,
        replace: `    const at = await this.deps.log.position(this.stream);
    await this.deps.listen();
    this.at = at;`,
      },
    ],
  },
  {
    name: 'a row need not follow the one before it',
    suite: 'silent-restore',
    changes: [
      { file: SEQUENCER, find: 'if (row.prev !== this.at.lastId) return this.check();', replace: '' },
      { file: SEQUENCER, find: 'row.prev === lastId && ', replace: '' },
    ],
  },
  {
    name: 'heads are compared without their ids',
    suite: 'silent-restore',
    changes: [{ file: SEQUENCERS, find: ' || at.lastId !== lastId', replace: '' }],
  },
  {
    name: 'a break is not the first answer',
    suite: 'loops-rough',
    changes: [
      {
        file: SUBSCRIPTIONS,
        find: `    for (const { reply, own } of answers.filter(({ broken }) => broken)) reply(own);
    for (const { reply, own } of answers.filter(({ broken }) => !broken)) reply(own);`,
        replace: '    for (const { reply, own } of answers) reply(own);',
      },
    ],
  },
  {
    name: 'a room that is taken from who comes back is only told at the end',
    suite: 'rights',
    changes: [{ file: CATCH_UP, find: '    this.tellDenied(ask);\n', replace: '' }],
  },
  {
    name: 'a full page is answered before the other streams are ready',
    suite: 'rights-sdk',
    changes: [
      {
        file: CATCH_UP,
        find: `if (this.replay.mode === 'ack') this.rows = rows;
    else if`,
        replace: `if (this.replay.mode === 'ack') {
      this.rows = rows;
      if (page.full && !this.overtaken()) this.answerPage(page);
    } else if`,
      },
    ],
  },
  {
    name: 'a room that ended meanwhile is entered',
    suite: 'rights',
    changes: [
      {
        file: CATCH_UP,
        find: 'if (this.roomEnded(sequencer.since(authorizedFrom.offset) ?? [])) return false;',
        replace: '',
      },
    ],
  },
  {
    name: 'a revocation takes what was given back before it was numbered',
    suite: 'rights',
    changes: [{ file: REVOCATIONS, find: 'control.ahead?.includes(id) === true', replace: 'id === undefined' }],
  },
  {
    name: 'a revocation takes what was given back after it',
    suite: 'rights',
    changes: [
      {
        file: REVOCATIONS,
        find: 'subscription && !saw(subscription.control, row)',
        replace: 'subscription',
      },
    ],
  },
  {
    name: 'revocations of another life of the log are compared with those of this one',
    suite: 'rights-rough',
    changes: [
      {
        file: REVOCATIONS,
        find: 'control.epoch === epoch() && control.offset >= offset;',
        replace: 'control.offset >= offset;',
      },
      {
        file: REVOCATIONS,
        find: `      remembered.clear();
      forgotten = offset;`,
        replace: '      forgotten = Math.min(forgotten, offset);',
      },
    ],
  },
  {
    name: 'a command that comes while the last one ends is forgotten',
    suite: 'mixed',
    changes: [
      {
        file: SUBSCRIPTIONS,
        find: `    this.work().catch(`,
        replace: `    this.work().finally(() => (this.running = false)).catch(`,
      },
      {
        file: SUBSCRIPTIONS,
        find: `      this.running = false;
    }`,
        replace: '    }',
      },
    ],
  },
  {
    name: 'a break does not flush',
    suite: 'mixed-rough',
    changes: [
      {
        file: SEQUENCER,
        find: `    this.deps.delivery.flush(this.stream);
    this.at = {`,
        replace: '    this.at = {',
      },
    ],
  },
];
