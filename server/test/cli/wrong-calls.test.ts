// Calls that cannot be meant: each says why and how, before anything is opened or asked.
import { expect, it } from '@jest/globals';
import { run } from './running.js';

const env = { JWT_SECRET: 'a secret of the tests', DATA_DIR: 'must-not-be-made' };

it.each([
  [['tail'], 'the name of a room is needed'],
  [['tail', 'global', 'project:42'], '"project:42" belongs to no option'],
  [['tail', 'global', '--after', '-1'], "'--after' argument is ambiguous"],
  [['tail', 'global', '--after', '1e3'], '--after holds "1e3"; it takes a whole number from 0 on'],
  [['tail', 'global', '--count', '0'], '--count holds "0"; it takes a whole number from 1 on'],
  [['tail', 'global', '--url', 'ws://localhost'], '--url holds "ws://localhost"'],
  [['emit'], 'the name of an event is needed'],
  [['emit', 'operation.completed'], 'the data of the event is needed'],
  [
    ['emit', 'operation.completed', '{project_id: 42}'],
    'the data of the event is {project_id: 42}; it takes a JSON object',
  ],
  [['emit', 'operation.completed', '[1]'], 'the data of the event is [1]; it takes a JSON object'],
  [['emit', 'operation.completed', '{"a":', '1}'], '"1}" belongs to no option; does the JSON stand in quotes?'],
  [['emit', 'operation.completed', '{}', '--id', 'a b'], '--id holds "a b"; it takes 1–128 characters'],
  [['replay'], 'the id of the delivery is needed'],
  [['replay', 'a/b'], 'the id of the delivery holds "a/b"'],
  [['replay', 'one', 'two'], '"two" belongs to no option'],
  [['migrate', 'up'], '"up" belongs to no option'],
  [['epoch'], 'bump is needed'],
  [['epoch', 'begin'], '"begin" is not bump'],
  [['epoch', 'bump', '2'], '"2" belongs to no option'],
])('%j is a wrong call: it says why and how', async (args, reason) => {
  const { code, printed, noted } = await run(args, env);
  expect([code, printed]).toEqual([2, []]);
  expect(noted).toContain(reason);
  expect(noted).toContain(`roomcast ${args[0]} `.trim());
});
